"""The part of JSON Schema 2020-12 that v1.yaml uses. A keyword that is not known here is an error, so nothing goes unchecked."""
import re

IGNORED = {'description', 'examples', 'default', 'format', 'title'}
TYPES = {'object': dict, 'array': list, 'string': str, 'null': type(None), 'boolean': bool}


def is_type(value, name):
    if name == 'integer':
        return isinstance(value, int) and not isinstance(value, bool)
    if name == 'number':
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def check(document, schema, value, at='$'):
    """Every fault of `value` as 'where: got …, want …'."""
    faults = []
    if '$ref' in schema:
        target = document
        for part in schema['$ref'][2:].split('/'):
            target = target[part]
        faults += check(document, target, value, at)
    for key, want in schema.items():
        if key in IGNORED or key == '$ref':
            continue
        faults += KEYWORDS[key](document, schema, want, value, at)
    return faults


def fault(at, value, want):
    return [f'{at}: got {str(value)[:80]!r}, want {want}']


def k_type(_document, _schema, want, value, at):
    names = want if isinstance(want, list) else [want]
    return [] if any(is_type(value, name) for name in names) else fault(at, value, names)


def k_properties(document, schema, want, value, at):
    if not isinstance(value, dict):
        return []
    faults = []
    for name, member in value.items():
        if name in want:
            faults += check(document, want[name], member, f'{at}.{name}')
    return faults


def k_additional(document, schema, want, value, at):
    if not isinstance(value, dict):
        return []
    extra = [name for name in value if name not in schema.get('properties', {})]
    if want is False:
        return [f'{at}: got the undocumented member {name}' for name in extra]
    if want is True:
        return []
    return [f for name in extra for f in check(document, want, value[name], f'{at}.{name}')]


def k_items(document, _schema, want, value, at):
    if not isinstance(value, list):
        return []
    return [f for i, element in enumerate(value) for f in check(document, want, element, f'{at}[{i}]')]


def rule(applies, holds):
    return lambda _d, _s, want, value, at: fault(at, value, want) if applies(value) and not holds(value, want) else []


def is_text(value):
    return isinstance(value, str)


def is_list(value):
    return isinstance(value, list)


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


KEYWORDS = {
    'type': k_type,
    'properties': k_properties,
    'additionalProperties': k_additional,
    'items': k_items,
    'required': lambda _d, _s, want, value, at: [f'{at}: {name} is missing' for name in want if isinstance(value, dict) and name not in value],
    'enum': rule(lambda v: True, lambda v, want: v in want),
    'const': rule(lambda v: True, lambda v, want: v == want),
    'pattern': rule(is_text, lambda v, want: re.search(want, v) is not None),
    'minimum': rule(is_number, lambda v, want: v >= want),
    'maximum': rule(is_number, lambda v, want: v <= want),
    'minItems': rule(is_list, lambda v, want: len(v) >= want),
    'maxItems': rule(is_list, lambda v, want: len(v) <= want),
    'minLength': rule(is_text, lambda v, want: len(v) >= want),
    'maxLength': rule(is_text, lambda v, want: len(v) <= want),
    'oneOf': lambda d, _s, want, value, at: [] if sum(not check(d, one, value, at) for one in want) == 1 else fault(at, value, 'exactly one of the shapes'),
    'maxProperties': rule(lambda v: isinstance(v, dict), lambda v, want: len(v) <= want),
}
