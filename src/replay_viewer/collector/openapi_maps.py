"""The part of the OpenAPI description that is about source maps."""

from __future__ import annotations

from typing import Any

from replay_viewer.collector.maps import LARGEST
from replay_viewer.collector.openapi_read import PAGING, operation, query

_TEXT: dict[str, Any] = {"type": "string"}
_INTEGER: dict[str, Any] = {"type": "integer"}
_ID = {"name": "id", "in": "path", "required": True, "schema": _INTEGER}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


MAP_SCHEMAS: dict[str, Any] = {
    "SourceMap": _object(
        id=_INTEGER, project=_TEXT, release=_TEXT, name=_TEXT, debugId=_TEXT, digest=_TEXT, bytes=_INTEGER,
        uploaded={"type": "number"}, by=_TEXT,
    ),
    "SourceMaps": _object(
        data={"type": "array", "items": {"$ref": "#/components/schemas/SourceMap"}},
        next={"type": ["string", "null"]},
    ),
    "ErasedMaps": _object(maps=_INTEGER, bytes=_INTEGER),
}  # fmt: skip


def map_paths() -> dict[str, Any]:
    """Paths to operations."""
    release = query("release", _TEXT, "The release.")
    project = query("project", _TEXT, "Number of the project.")
    name = query("name", _TEXT, "Path of the built file, as in its URL.")
    debug_id = query("debugId", _TEXT, "The debug id of the built file.")
    needed = [{**one, "required": True} for one in (project, release, name)]
    admin = {"tags": ["admin"]}
    upload = operation(
        "Keep the map of a built file, in place of one it had (role admin).", "SourceMap", *needed, debug_id
    )
    upload["responses"]["413"] = {"description": f"More than {LARGEST:,} bytes."}
    body = {"required": True, "content": {"application/octet-stream": {}}}
    sent = "The map: JSON of version 3, plain or (Content-Encoding) gzip."
    whole = operation("A source map.", "SourceMap", _ID, missing=True)
    whole["responses"]["200"] = {
        "description": "The map as it was uploaded.",
        "headers": {"ETag": {"schema": _TEXT, "description": "SHA-256 of the map."}},
        "content": {"application/json": {}},
    }
    return {
        "/api/v1/maps": {
            "get": operation(
                "Source maps of releases, newest first.",
                "SourceMaps",
                project,
                release,
                name,
                debug_id,
                *PAGING,
            ),
            "put": upload | admin | {"requestBody": {"description": sent, **body}},
            "delete": operation(
                "Delete the source maps of a release, or with `name` one of them (role admin).",
                "ErasedMaps", needed[0], needed[1], name, missing=True,
            ) | admin,
        },
        "/api/v1/maps/{id}": {"get": whole},
    }  # fmt: skip
