"""Files of a branch: read at a commit, and written as a commit of its own."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

from tests.github.calls import Answer, Call, Refusal, endpoint, invalid

CONTENTS = "/repos/{owner}/{repo}/contents/{path}"
LARGEST = 2**20
"""Beyond it GitHub gives a file's name and size, and nothing of what is in it."""


@endpoint("GET", CONTENTS, "contents=read")
def get_contents(call: Call) -> Answer:
    repository, path = call.repository, call.parts["path"]
    ref = call.query.get("ref", repository.default_branch)
    content = repository.history.read(repository.find_commit(ref).sha, path)
    if content is None:
        raise Refusal(404, "Not Found")
    small = len(content) <= LARGEST
    text = base64.encodebytes(content).decode() if small else ""
    return Answer(
        200,
        _show_file(call, path, content, ref) | {"content": text, "encoding": "base64" if small else "none"},
    )


@endpoint("PUT", CONTENTS, "contents=write")
def put_contents(call: Call) -> Answer:
    repository, body, path = call.repository, call.body, call.parts["path"]
    branch = body.get("branch", repository.default_branch)
    if branch not in repository.branches:
        raise Refusal(404, f"Branch {branch} not found")
    parent = repository.history.head_of(branch)
    known = repository.history.read(parent, path)
    _require_same(path, known, body.get("sha"))
    try:
        content = base64.b64decode(body["content"], validate=True)
    except binascii.Error:
        raise Refusal(422, "content is not valid Base64") from None
    writer = (body.get("author") or {}).get("name", call.caller.login)
    sha = repository.write_file(
        branch, path, content, message=body["message"], by=call.caller.login, writer=writer
    )
    return Answer(200 if known is not None else 201, _show_commit(call, sha, path, content))


def _require_same(path: str, known: bytes | None, said: str | None) -> None:
    """Whoever changes a file says which one: GitHub compares the file's own digest, and not the branch's head."""
    if known is None and said is not None:
        raise Refusal(409, f"{path} does not match {said}")
    if known is not None and said is None:
        raise invalid('Invalid request.\n\n"sha" wasn\'t supplied.', resource="Content", field="sha")
    if known is not None and said != name_blob(known):
        raise Refusal(409, f"{path} does not match {said}")


def name_blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0%b" % (len(content), content), usedforsecurity=False).hexdigest()


def _show_file(call: Call, path: str, content: bytes, ref: str) -> dict[str, Any]:
    base = f"{call.hub.api}/repos/{call.repository.full_name}"
    blob, page = name_blob(content), f"{call.hub.api}/{call.repository.full_name}/blob/{ref}/{path}"
    return {
        "type": "file",
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": blob,
        "size": len(content),
        "url": f"{base}/contents/{path}?ref={ref}",
        "git_url": f"{base}/git/blobs/{blob}",
        "html_url": page,
        "download_url": page,
        "_links": {"self": f"{base}/contents/{path}", "git": f"{base}/git/blobs/{blob}", "html": page},
    }


def _show_commit(call: Call, sha: str, path: str, content: bytes) -> dict[str, Any]:
    base = f"{call.hub.api}/repos/{call.repository.full_name}"
    commit = call.repository.find_commit(sha)
    return {
        "content": _show_file(call, path, content, sha),
        "commit": {
            "sha": sha,
            "node_id": f"C_{sha}",
            "url": f"{base}/git/commits/{sha}",
            "html_url": f"{base}/commit/{sha}",
            "message": commit.message,
            "tree": {"sha": commit.tree, "url": f"{base}/git/trees/{commit.tree}"},
            "parents": [{"sha": each, "url": f"{base}/commits/{each}"} for each in commit.parents],
        },
    }
