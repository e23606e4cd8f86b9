r"""Typeset a formula: TeX becomes MathML, which browsers show without a script, by an allow-list of commands.

math-core does the work: it writes the MathML that browsers know, and spaces it as TeX does. Steps: refuse what is too
long or nests too deep for its parser, which recurses; write every command that is not on the list as text; convert;
keep the elements and attributes that are known, by the sanitiser's library. A formula comes here when all tags of the
text around it are gone, so that none can hide in the name of a command.
"""

from __future__ import annotations

import re
from functools import lru_cache

import nh3
from math_core import LatexError, LatexToMathML

from autograder.sandbox.styles import harmless_style
from toolbox.checks.visible import INVISIBLE

LONGEST, MOST_COMMANDS, DEEPEST = 1_500, 200, 25  # characters and commands of a formula, groups in each other
LETTERS = """
alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi varpi rho varrho sigma
varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega hbar ell Re Im
wp partial nabla infty aleph imath jmath emptyset varnothing forall exists nexists neg lnot top bot angle prime square
triangle star degree checkmark R N Z
"""
OPERATORS = """
pm mp times div cdot ast circ bullet oplus ominus otimes oslash odot dagger ddagger cap cup uplus sqcap sqcup vee wedge
lor land setminus bigtriangleup bigtriangledown diamond bigcirc sum prod coprod int iint iiint oint bigcap bigcup bigvee
bigwedge bigodot bigotimes bigoplus biguplus limits nolimits arccos arcsin arctan arg cos cosh cot coth csc deg det dim
exp gcd hom inf ker lg lim liminf limsup ln log max min Pr sec sin sinh sup tan tanh operatorname pmod bmod
"""
RELATIONS = """
le leq ge geq ne neq lt gt ll gg equiv sim simeq approx cong doteq propto asymp prec succ preceq succeq subset supset
subseteq supseteq subsetneq supsetneq in notin ni parallel perp mid nmid models vdash dashv leqslant geqslant lesssim
gtrsim nleq ngeq coloneqq colon therefore because not leftarrow gets rightarrow to leftrightarrow Leftarrow Rightarrow
Leftrightarrow implies impliedby iff longleftarrow longrightarrow longleftrightarrow Longleftarrow Longrightarrow
Longleftrightarrow mapsto longmapsto hookleftarrow hookrightarrow uparrow downarrow updownarrow Uparrow Downarrow
nearrow searrow swarrow nwarrow rightharpoonup leadsto xrightarrow xleftarrow
"""
STRUCTURES = """
frac dfrac tfrac cfrac binom dbinom tbinom sqrt stackrel overset underset overline underline overbrace underbrace
overrightarrow overleftarrow widehat hat tilde bar vec dot ddot acute grave breve check mathring boxed phantom hphantom
vphantom mathrm mathbf mathit mathsf mathtt mathcal mathscr mathfrak mathbb boldsymbol bm text textrm textbf textit
textsf texttt rm bf it displaystyle textstyle scriptstyle scriptscriptstyle mathbin mathrel mathop mathord mathopen
mathclose mathpunct mathinner begin end hline nonumber notag
"""
DELIMITERS = """
left right middle big Big bigg Bigg bigl bigr bigm Bigl Bigr Bigm biggl biggr biggm Biggl Biggr Biggm lvert rvert lVert
rVert vert Vert langle rangle lfloor rfloor lceil rceil lbrace rbrace lbrack rbrack backslash
"""
SPACES = "quad qquad enspace thinspace medspace thickspace negthinspace nobreakspace dots ldots cdots vdots ddots"
SIGNS = ",;:!>{}|%$#&_ \\\n"  # commands of one character
COMMANDS = set(f"{LETTERS} {OPERATORS} {RELATIONS} {STRUCTURES} {DELIMITERS} {SPACES}".split()) | set(SIGNS)
TWINS = {  # commands that math-core lacks, and others that look alike
    "smallsetminus": "setminus", "centerdot": "cdot", "widetilde": "tilde", "mbox": "text", "textnormal": "text",
    "mathnormal": "mathit", "dotsb": "cdots", "dotsm": "cdots", "dotsi": "cdots", "dotsc": "ldots", "dotso": "ldots",
    "\n": " ",
}  # fmt: skip
ALIGNED = "matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix cases rcases dcases aligned gathered array"
ENVIRONMENTS = {name: name for name in f"{ALIGNED} align* gather* equation* multline*".split()}
ENVIRONMENTS |= {"align": "align*", "gather": "gather*", "equation": "equation*", "multline": "multline*"}  # no numbers
ENVIRONMENTS |= {"split": "aligned", "eqnarray": "align*", "eqnarray*": "align*", "smallmatrix": "matrix"}
TOKENS = re.compile(r"\\(?P<command>[A-Za-z]+|.)|[{}]", re.DOTALL)
BORDER = re.compile(r"\\(begin|end)\s*\{([^{}]*)\}")
INVISIBLE_OPERATORS = re.compile("[\u2061-\u2064]")  # they say how to read a formula aloud
ELEMENTS = set(
    "math mi mn mo mtext mspace mrow mfrac msqrt mroot msub msup msubsup munder mover munderover mmultiscripts "
    "mprescripts mtable mtr mtd mstyle mpadded mphantom menclose code".split()
)
ATTRIBUTES = set(
    "display style displaystyle scriptlevel mathvariant stretchy symmetric largeop movablelimits form accent "
    "accentunder lspace rspace minsize maxsize width height depth linethickness columnspan notation".split()
)
VALUE = re.compile(r"[a-z]{1,12}|-?\d{0,2}(?:\.\d{1,12})?(?:em|ex|px|%)?")


@lru_cache(maxsize=4096)  # most formulas are the release's own, the same in every hand-in
def typeset(tex: str, display: bool) -> str | None:
    """The formula as MathML, None where it has to be shown as it was written. display: on a line of its own."""
    if len(tex) > LONGEST or INVISIBLE.search(tex) or (allowed := _allowed(tex)) is None:
        return None
    try:
        mathml = _CONVERTER.convert_with_local_state(allowed, displaystyle=display)
    except BaseException as error:
        if isinstance(error, LatexError) or type(error).__name__ == "PanicException":  # a panic is Rust's, not ours
            return None
        raise
    return INVISIBLE_OPERATORS.sub("", _CLEANER.clean(mathml)).replace("&nbsp;", "\xa0")


def _allowed(tex: str) -> str | None:
    """The formula with no other commands in it, None where it nests too deep or has an environment that is unknown."""
    known = True

    def environment(match: re.Match) -> str:
        nonlocal known
        name = ENVIRONMENTS.get(match[2])
        known = known and name is not None
        return f"\\{match[1]}{{{name}}}"

    tex = BORDER.sub(environment, tex)
    if not known or _costly(tex):
        return None
    return TOKENS.sub(lambda match: _command(match["command"]) if match["command"] else match[0], tex)


def _costly(tex: str) -> bool:
    """Whether the converter, which recurses, could overflow its stack."""
    depth = commands = 0
    for match in TOKENS.finditer(tex):
        commands += match["command"] is not None
        depth += match[0] in ("{", "\\left", "\\begin")
        depth = max(0, depth - (match[0] in ("}", "\\right", "\\end")))
        if depth > DEEPEST or commands > MOST_COMMANDS:
            return True
    return False


def _command(name: str) -> str:
    """A command as it may be given to the converter: as it is, or as the text that it is."""
    name = TWINS.get(name, name)
    if name in COMMANDS:
        return f"\\{name}"
    return rf"{{\backslash\mathrm{{{name}}}}}" if name.isalpha() else rf"{{\backslash}}{name}"


def _judge(tag: str, name: str, value: str) -> str | None:
    if name == "style":
        return harmless_style(value) or None
    return value if VALUE.fullmatch(value) else None


_CONVERTER = LatexToMathML(fancy_error=False)
_CLEANER = nh3.Cleaner(tags=ELEMENTS, clean_content_tags=set(), attributes={"*": ATTRIBUTES}, attribute_filter=_judge)
