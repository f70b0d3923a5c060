#!/bin/sh
# Penstock with nothing but curl. Start it first: npm start
# PENSTOCK_URL says where it is, if not on its usual address.
set -eu
url=${PENSTOCK_URL:-http://127.0.0.1:8080}

echo "== an answer"
curl -fsS "$url/v1/chat/completions" -H 'content-type: application/json' \
  -d '{"model": "demo/echo", "messages": [{"role": "user", "content": "Hello from curl"}]}'

printf '\n\n== the same, streamed\n'
curl -fsSN "$url/v1/chat/completions" -H 'content-type: application/json' \
  -d '{"model": "demo/echo", "stream": true, "messages": [{"role": "user", "content": "Hello from curl"}]}'

printf '\n== JSON that fits a schema\n'
curl -fsS "$url/v1/chat/completions" -H 'content-type: application/json' -d '{
  "model": "demo/extract",
  "messages": [{"role": "user", "content": "The gate lets water in. Its width is 12 metres."}],
  "response_format": {"type": "json_schema", "json_schema": {"name": "gate", "schema": {
    "type": "object", "properties": {"width": {"type": "number"}}, "required": ["width"]}}}
}'

printf '\n\n== where a name leads, without sending anything\n'
curl -fsS "$url/v1/explain" -H 'content-type: application/json' -d '{"model": "gpt-4o-mini"}'

printf '\n\n== what was spent\n'
curl -fsS "$url/v1/costs?by=provider,model"
echo
