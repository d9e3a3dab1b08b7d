"""Comments on pull requests, and reactions to them."""

from __future__ import annotations

from tests.github.calls import Answer, Call, Refusal, endpoint, find, invalid, page
from tests.github.pull_shapes import show_comment, show_issue, show_reaction
from tests.github.records import Comment, Reaction
from tests.github.rights import LEVELS

REPOSITORY = "/repos/{owner}/{repo}"
ISSUE = f"{REPOSITORY}/issues/{{issue_number}}"
COMMENT = f"{REPOSITORY}/issues/comments/{{comment_id}}"
READ = ("issues=read", "pull_requests=read")
WRITE = ("issues=write", "pull_requests=write")
MOST_CHARACTERS = 65_536


@endpoint("GET", ISSUE, *READ)
def get_issue(call: Call) -> Answer:
    repository = call.repository
    return Answer(200, show_issue(repository, repository.pull(call.number("issue_number"))))


@endpoint("GET", f"{ISSUE}/comments", *READ)
def list_comments(call: Call) -> Answer:
    repository = call.repository
    pull = repository.pull(call.number("issue_number"))
    shown, links = page(call, repository.comments(pull.number))
    return Answer(200, [show_comment(repository, each) for each in shown], links)


@endpoint("POST", f"{ISSUE}/comments", *WRITE)
def create_comment(call: Call) -> Answer:
    repository = call.repository
    pull = repository.pull(call.number("issue_number"))
    body = _read_body(call)
    made = repository.add_comment(pull.number, author=call.caller.login, body=body, app=call.caller.app)
    return Answer(201, show_comment(repository, made))


@endpoint("GET", COMMENT, *READ)
def get_comment(call: Call) -> Answer:
    return Answer(200, show_comment(call.repository, _find(call)))


@endpoint("PATCH", COMMENT, *WRITE)
def edit_comment(call: Call) -> Answer:
    comment = _find_own(call)
    call.repository.edit_comment(comment.id, _read_body(call))
    return Answer(200, show_comment(call.repository, comment))


@endpoint("DELETE", COMMENT, *WRITE)
def delete_comment(call: Call) -> Answer:
    call.repository.remove_comment(_find_own(call).id)
    return Answer(204)


@endpoint("GET", f"{COMMENT}/reactions", *READ)
def list_reactions(call: Call) -> Answer:
    wanted = call.query.get("content")
    every = [each for each in _find(call).reactions if wanted in (None, each.content)]
    shown, links = page(call, every)
    return Answer(200, [show_reaction(call.repository, each) for each in shown], links)


@endpoint("POST", f"{COMMENT}/reactions", *WRITE)
def create_reaction(call: Call) -> Answer:
    comment, content = _find(call), call.body["content"]
    for reaction in comment.reactions:
        if (reaction.content, reaction.author) == (content, call.caller.login):
            return Answer(200, show_reaction(call.repository, reaction))
    made = Reaction(call.hub.next_id(), content, call.caller.login, call.hub.clock.now())
    comment.reactions.append(made)
    return Answer(201, show_reaction(call.repository, made))


def _find(call: Call) -> Comment:
    wanted = call.number("comment_id")
    return find(call.repository.every_comment, lambda each: each.id == wanted)


def _find_own(call: Call) -> Comment:
    """Return a comment that the caller may change: a person without write permission only their own."""
    comment, caller = _find(call), call.caller
    if caller.kind == "user" and comment.author != caller.login:
        role = call.repository.role(caller.login)
        if LEVELS[role] < LEVELS["write"]:
            raise Refusal(403, "Must have admin rights to Repository.")
    return comment


def _read_body(call: Call) -> str:
    body = str(call.body["body"])
    if not body.strip():
        raise invalid("Body cannot be blank", resource="IssueComment", field="body", code="unprocessable")
    if len(body) > MOST_CHARACTERS:
        raise invalid(
            f"Body is too long (maximum is {MOST_CHARACTERS} characters)",
            resource="IssueComment",
            field="body",
            code="unprocessable",
        )
    return body
