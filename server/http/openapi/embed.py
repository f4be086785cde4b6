#!/usr/bin/env python3
"""Turns v1.yaml into a C++ file that holds the same document as JSON. Usage: embed.py v1.yaml out.cpp"""
import json
import sys

try:
    import yaml
except ImportError:
    sys.exit('embed.py: python3-yaml is missing: apt-get install python3-yaml')

source, out = sys.argv[1:3]
with open(source, encoding='utf-8') as file:
    document = yaml.safe_load(file)
text = json.dumps(document, ensure_ascii=False, separators=(',', ':'))
# A string literal holds at most 65,536 bytes portably; pieces side by side are one literal for us and short lines for an editor.
pieces = [text[i:i + 1000] for i in range(0, len(text), 1000)]
with open(out, 'w', encoding='utf-8') as file:
    file.write('#include "server/http/openapi_json.hpp"\n\nnamespace gantry::http {\n\nstd::string_view openapi_json() {\n    return {')
    file.write('\n'.join(f'R"gantry({piece})gantry"' for piece in pieces))
    file.write(f', {len(text.encode())}}};\n}}\n\n}}  // namespace gantry::http\n')
