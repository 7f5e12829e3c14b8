"""Words of templates that hold no value are translated when the template is compiled."""

from jinja2 import DictLoader, Environment, StrictUndefined

from serving.web.constant_texts import ConstantTexts


def rendered(source, **values):
    """A template's text, and the messages that were looked up while it was rendered."""
    asked = []

    def text(message, **filled):
        asked.append(message)
        return f"<{message}>".format(**filled)

    made = Environment(loader=DictLoader({"x": source}), autoescape=True, undefined=StrictUndefined)
    made.code_generator_class = ConstantTexts
    made.globals["text"] = text
    template = made.get_template("x")
    asked.clear()
    return template.render(**values), asked


def test_words_without_values_are_translated_once_and_escaped():
    assert rendered('<b title="{{ text("Close") }}">{{ text("Note") }}</b>') == (
        '<b title="&lt;Close&gt;">&lt;Note&gt;</b>',
        [],
    )


def test_words_with_values_are_translated_with_every_page():
    assert rendered('{{ text("{n} leads", n=n) }}', n=3) == ("&lt;3 leads&gt;", ["{n} leads"])
    assert rendered("{{ text(name) }}", name="Ann") == ("&lt;Ann&gt;", ["Ann"])


def test_words_inside_expressions_and_macros_count_as_well():
    source = '{% macro said(x) %}{{ x or text("nobody") }}{% endmacro %}{{ said(none) }}{{ text("a") ~ "b" }}'
    assert rendered(source) == ("&lt;nobody&gt;&lt;a&gt;b", [])


def test_plain_functions_are_called_as_before_whatever_else_has_their_name():
    calls = []

    def day(moment, *, long=False):
        calls.append(moment)
        return f"<{moment}{'!' if long else ''}>"

    made = Environment(loader=DictLoader({"x": SHADOWED}), autoescape=True, undefined=StrictUndefined)
    made.code_generator_class = ConstantTexts
    made.globals |= {"text": str, "day": day, "span": day}
    made.filters |= {"day": day, "span": day}
    said = made.get_template("x").render(at=3)
    assert said == "&lt;3&gt;&lt;4!&gt;&lt;5&gt;[6][7]"
    assert calls == [5, 3, 4], "what holds no value is worked out when the template is compiled"


SHADOWED = (
    "{{ day(at) }}{{ day(at + 1, long=true) }}{{ day(5) }}"
    "{% macro span(x) %}[{{ x }}]{% endmacro %}{{ span(6) }}{{ span(7) }}"
)
