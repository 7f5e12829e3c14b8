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
