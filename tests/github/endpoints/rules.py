"""What must hold before a branch takes a merge: rulesets, and protection in the old way."""

from __future__ import annotations

from tests.github.calls import Answer, Call, Refusal, endpoint, page
from tests.github.clock import write_time
from tests.github.records import Ruleset
from tests.github.repository import FakeRepository
from tests.github.shapes import Shape, node, show_commit

REPOSITORY = "/repos/{owner}/{repo}"
BRANCH = f"{REPOSITORY}/branches/{{branch}}"


@endpoint("GET", f"{REPOSITORY}/rules/branches/{{branch}}", "metadata=read", "contents=read")
def list_rules(call: Call) -> Answer:
    """List the rules that are in force for a branch."""
    repository, branch = call.repository, call.parts["branch"]
    origin = {"ruleset_source_type": "Repository", "ruleset_source": repository.full_name}
    rules = [{**rule, **origin, "ruleset_id": each.id} for each, rule in repository.rules_for(branch)]
    shown, links = page(call, rules)
    return Answer(200, shown, links)


@endpoint("GET", f"{REPOSITORY}/rulesets", "metadata=read", "contents=read")
def list_rulesets(call: Call) -> Answer:
    repository = call.repository
    shown, links = page(call, repository.rulesets)
    return Answer(200, [_show_ruleset(repository, each) for each in shown], links)


@endpoint("POST", f"{REPOSITORY}/rulesets", "administration=write")
def create_ruleset(call: Call) -> Answer:
    repository, body = call.repository, call.body
    names = body.get("conditions", {}).get("ref_name", {}).get("include", ["~DEFAULT_BRANCH"])
    made = Ruleset(
        id=call.hub.next_id(),
        name=body["name"],
        enforcement=body["enforcement"],
        branches=tuple(names),
        rules=body.get("rules", []),
        created=call.hub.clock.now(),
    )
    repository.rulesets.append(made)
    return Answer(201, {**_show_ruleset(repository, made), "rules": made.rules})


@endpoint("GET", BRANCH, "contents=read")
def get_branch(call: Call) -> Answer:
    repository, name = call.repository, call.parts["branch"]
    if name not in repository.branches:
        raise Refusal(404, "Branch not found")
    url = f"{call.hub.api}/repos/{repository.full_name}/branches/{name}"
    page_url = f"{call.hub.api}/{repository.full_name}/tree/{name}"
    commit = repository.find_commit(repository.branches[name])
    body = {
        "name": name,
        "commit": show_commit(repository, commit),
        "_links": {"html": page_url, "self": url},
        "protected": name in repository.protections,
        "protection": {"enabled": name in repository.protections},
        "protection_url": f"{url}/protection",
    }
    return Answer(200, body)


@endpoint("GET", f"{BRANCH}/protection", "administration=read")
def get_protection(call: Call) -> Answer:
    repository, name = call.repository, call.parts["branch"]
    if name not in repository.protections:
        raise Refusal(404, "Branch not protected")
    url = f"{call.hub.api}/repos/{repository.full_name}/branches/{name}/protection"
    admins = {"url": f"{url}/enforce_admins", "enabled": False}
    return Answer(200, {"url": url, "enforce_admins": admins, **repository.protections[name]})


def _show_ruleset(repository: FakeRepository, ruleset: Ruleset) -> Shape:
    return {
        "id": ruleset.id,
        "node_id": node("RRS", ruleset.id),
        "name": ruleset.name,
        "target": "branch",
        "source_type": "Repository",
        "source": repository.full_name,
        "enforcement": ruleset.enforcement,
        "created_at": write_time(ruleset.created),
        "updated_at": write_time(ruleset.created),
    }
