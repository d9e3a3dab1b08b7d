"""Pull requests: their list, files, reviews and merges."""

from __future__ import annotations

from tests.github.calls import Answer, Call, Refusal, endpoint, invalid, page
from tests.github.pull_shapes import show_file, show_pull, show_review, show_whole_pull
from tests.github.records import Pull, Review

REPOSITORY = "/repos/{owner}/{repo}"
PULLS = f"{REPOSITORY}/pulls"
PULL = f"{PULLS}/{{pull_number}}"
STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}
MOST_FILES = 3000
PASSING = ("success", "neutral", "skipped")


@endpoint("GET", PULLS, "pull_requests=read")
def list_pulls(call: Call) -> Answer:
    repository, query = call.repository, call.query
    state, head, base = query.get("state", "open"), query.get("head"), query.get("base")
    key = {"updated": lambda pull: pull.updated}.get(query.get("sort", ""), lambda pull: pull.number)
    chosen = [
        pull
        for pull in repository.pulls
        if state in ("all", pull.state)
        and base in (None, pull.base)
        and head in (None, f"{(pull.head_repository or '').split('/')[0]}:{pull.branch}")
    ]
    descending = query.get("direction", "desc" if query.get("sort", "created") == "created" else "asc")
    chosen.sort(key=key, reverse=descending == "desc")
    shown, links = page(call, chosen)
    return Answer(200, [show_pull(repository, pull) for pull in shown], links)


@endpoint("POST", PULLS, "pull_requests=write")
def create_pull(call: Call) -> Answer:
    repository, body = call.repository, call.body
    owner, _, branch = body["head"].rpartition(":")
    fork = f"{owner}/{repository.name}" if owner not in ("", repository.owner) else None
    home = call.hub.find_repository(fork) if fork else repository
    if branch not in home.branches or body["base"] not in repository.branches:
        raise invalid("head or base is no branch", resource="PullRequest", field="head", code="invalid")
    number = repository.open_pull(
        home.branches[branch],
        branch,
        base=body["base"],
        author=call.caller.login,
        title=body["title"],
        fork=fork,
    )
    pull = repository.pull(number)
    pull.body = body.get("body")
    return Answer(201, show_whole_pull(repository, pull))


@endpoint("GET", PULL, "pull_requests=read")
def get_pull(call: Call) -> Answer:
    return Answer(200, show_whole_pull(call.repository, _find(call)))


@endpoint("PATCH", PULL, "pull_requests=write")
def edit_pull(call: Call) -> Answer:
    pull, repository = _find(call), call.repository
    pull.title = call.body.get("title", pull.title)
    pull.body = call.body.get("body", pull.body)
    state = call.body.get("state", pull.state)
    if pull.merged is not None and state == "open":
        raise invalid("state cannot be changed", resource="PullRequest", field="state", code="invalid")
    if state != pull.state:
        (repository.close if state == "closed" else repository.reopen)(pull.number)
    return Answer(200, show_whole_pull(repository, pull))


@endpoint("GET", f"{PULL}/files", "pull_requests=read")
def list_files(call: Call) -> Answer:
    pull = _find(call)
    shown, links = page(call, pull.files[:MOST_FILES])
    return Answer(200, [show_file(call.repository, pull, file) for file in shown], links)


@endpoint("GET", f"{PULL}/merge", "contents=read")
def is_merged(call: Call) -> Answer:
    if _find(call).merged is None:
        raise Refusal(404, "Not Found")
    return Answer(204)


@endpoint("PUT", f"{PULL}/merge", "contents=write")
def merge_pull(call: Call) -> Answer:
    pull, body = _find(call), call.body or {}
    if pull.state == "closed" or not pull.mergeable:
        raise Refusal(405, "Pull Request is not mergeable")
    if body.get("sha", pull.head_sha) != pull.head_sha:
        raise Refusal(409, "Head branch was modified. Review and try the merge again.")
    _require_checks(call, pull)
    title = body.get("commit_title") or f"Merge pull request #{pull.number} from {pull.branch}"
    message = f"{title}\n\n{body.get('commit_message') or pull.title}"
    sha = call.repository.merge(pull.number, by=call.caller.login, message=message)
    return Answer(200, {"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


@endpoint("GET", f"{PULL}/reviews", "pull_requests=read")
def list_reviews(call: Call) -> Answer:
    pull = _find(call)
    shown, links = page(call, pull.reviews)
    return Answer(200, [show_review(call.repository, pull, review) for review in shown], links)


@endpoint("POST", f"{PULL}/reviews", "pull_requests=write")
def create_review(call: Call) -> Answer:
    pull, body = _find(call), call.body
    state = STATES.get(body.get("event", ""), "PENDING")
    if pull.author == call.caller.login and state in ("APPROVED", "CHANGES_REQUESTED"):
        raise Refusal(422, "Unprocessable Entity", errors=["Can not approve your own pull request"])
    made = Review(
        id=call.hub.next_id(),
        author=call.caller.login,
        body=body.get("body", ""),
        state=state,
        commit=body.get("commit_id", pull.head_sha),
        submitted=call.hub.clock.now(),
    )
    pull.reviews.append(made)
    return Answer(200, show_review(call.repository, pull, made))


@endpoint("GET", f"{REPOSITORY}/commits/{{commit_sha}}/pulls", "pull_requests=read")
def list_pulls_of_commit(call: Call) -> Answer:
    """Name the pull requests that have a commit, open or merged ones alone."""
    repository = call.repository
    sha = repository.find_commit(call.parts["commit_sha"]).sha
    chosen = [
        pull
        for pull in repository.pulls
        if (pull.state == "open" or pull.merged is not None)
        and (sha in pull.heads or (pull.merged is not None and sha == pull.merge_commit_sha))
    ]
    shown, links = page(call, chosen)
    return Answer(200, [show_pull(repository, pull) for pull in shown], links)


def _require_checks(call: Call, pull: Pull) -> None:
    """Refuse a merge before every check that its base requires has passed, by the App that it is to come from."""
    repository = call.repository
    for context, app in repository.required_checks(pull.base):
        checks = [
            check
            for check in repository.checks(pull.head_sha)
            if check.name == context and app in (None, -1, call.hub.find_app(check.app).id)
        ]
        statuses = [
            each for each in repository.every_status if (each.sha, each.context) == (pull.head_sha, context)
        ]
        passed = checks and checks[-1].conclusion in PASSING
        if not passed and not (app in (None, -1) and statuses and statuses[-1].state == "success"):
            raise Refusal(405, f'Required status check "{context}" is expected.')


def _find(call: Call) -> Pull:
    return call.repository.pull(call.number("pull_number"))
