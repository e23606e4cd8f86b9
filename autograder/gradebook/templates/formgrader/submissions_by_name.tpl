{#- nbgrader's list of hand-ins, with the names shown from the start; its script hides and shows them. -#}
{%- extends "gradebook_notebook_submissions.tpl" -%}

{%- block head -%}
{{ super() }}
<style>.name-shown { display: inline } .name-hidden { display: none }</style>
{%- endblock head -%}

{%- block messages -%}
<button id="toggle_names" onclick="toggleAllNames()">Hide All Names</button>
{%- endblock -%}
