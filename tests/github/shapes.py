"""People, repositories, Apps and commits, in the shape in which GitHub tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.github.clock import write_time
from tests.github.records import Commit
from tests.github.urls import PERSON, REPOSITORY, spread

if TYPE_CHECKING:
    from tests.github.apps import FakeApp
    from tests.github.hub import Hub
    from tests.github.repository import FakeRepository

Shape = dict[str, Any]
BORN = "2020-01-01T00:00:00Z"


def node(kind: str, number: int) -> str:
    return f"{kind}_{number}"


def show_person(hub: Hub, login: str) -> Shape:
    person = hub.person(login)
    base = f"{hub.api}/users/{login}"
    return {
        "login": login,
        "id": person.id,
        "node_id": node("U", person.id),
        "avatar_url": f"{hub.api}/avatars/{person.id}",
        "gravatar_id": "",
        "html_url": f"{hub.api}/{login}",
        "type": person.kind,
        "site_admin": False,
        **spread(PERSON, base),
    }


def show_own_profile(hub: Hub, login: str) -> Shape:
    counts = ("followers", "following", "public_gists", "public_repos", "private_gists")
    private = ("total_private_repos", "owned_private_repos", "disk_usage", "collaborators")
    blank = ("name", "company", "blog", "location", "email", "hireable", "bio")
    return {
        **show_person(hub, login),
        **dict.fromkeys((*counts, *private), 0),
        **dict.fromkeys(blank),
        "two_factor_authentication": True,
        "user_view_type": "private",
        "created_at": BORN,
        "updated_at": BORN,
    }


def show_repository(repository: FakeRepository) -> Shape:
    hub, name = repository.hub, repository.full_name
    page = f"{hub.api}/{name}"
    counts = ("forks", "forks_count", "open_issues", "open_issues_count", "size")
    watched = ("stargazers_count", "watchers", "watchers_count")
    return {
        **spread(REPOSITORY, f"{hub.api}/repos/{name}"),
        **dict.fromkeys((*counts, *watched), 0),
        **dict.fromkeys(("description", "homepage", "language", "license", "mirror_url")),
        "id": repository.id,
        "node_id": node("R", repository.id),
        "name": repository.name,
        "full_name": name,
        "owner": show_person(hub, repository.owner),
        "private": repository.private,
        "visibility": "private" if repository.private else "public",
        "fork": repository.parent is not None,
        "default_branch": repository.default_branch,
        "html_url": page,
        "clone_url": f"{page}.git",
        "git_url": f"{page}.git",
        "ssh_url": f"{page}.git",
        "svn_url": page,
        "archived": False,
        "disabled": False,
        "topics": [],
        "custom_properties": {},
        "is_template": False,
        "web_commit_signoff_required": False,
        "allow_forking": True,
        "allow_merge_commit": True,
        "allow_squash_merge": True,
        "allow_rebase_merge": True,
        **dict.fromkeys(("has_issues", "has_projects", "has_wiki", "has_downloads"), True),
        **dict.fromkeys(("has_pages", "has_discussions"), False),
        **dict.fromkeys(("created_at", "updated_at", "pushed_at"), BORN),
    }


def show_whole_repository(repository: FakeRepository, login: str | None) -> Shape:
    """Show a repository as its own endpoint does, with what someone may do in it."""
    role = repository.role(login) if login else "none"
    mighty = ("admin",), ("admin", "maintain"), ("admin", "maintain", "write")
    admin, maintain, push = (role in roles for roles in mighty)
    rights = {"admin": admin, "maintain": maintain, "push": push, "triage": push, "pull": True}
    return {
        **show_repository(repository),
        "network_count": 0,
        "subscribers_count": 0,
        "permissions": rights,
    }


def show_app(app: FakeApp) -> Shape:
    hub = app.hub
    return {
        "id": app.id,
        "slug": app.slug,
        "client_id": f"Iv1.{app.id}",
        "node_id": node("A", app.id),
        "owner": show_person(hub, app.owner),
        "name": app.slug,
        "description": None,
        "external_url": hub.api,
        "html_url": f"{hub.api}/apps/{app.slug}",
        "created_at": BORN,
        "updated_at": BORN,
        "permissions": {"metadata": "read", **app.permissions},
        "events": list(app.events),
    }


def show_app_of(hub: Hub, slug: str | None) -> Shape | None:
    return None if slug is None else show_app(hub.find_app(slug))


def show_commit(repository: FakeRepository, commit: Commit) -> Shape:
    hub = repository.hub
    base = f"{hub.api}/repos/{repository.full_name}"
    signature = {
        "name": commit.author,
        "email": f"{commit.author}@users.noreply.github.test",
        "date": write_time(commit.time),
    }
    return {
        "sha": commit.sha,
        "node_id": f"C_{commit.sha}",
        "url": f"{base}/commits/{commit.sha}",
        "html_url": f"{hub.api}/{repository.full_name}/commit/{commit.sha}",
        "comments_url": f"{base}/commits/{commit.sha}/comments",
        "author": show_person(hub, commit.author),
        "committer": show_person(hub, commit.author),
        "commit": {
            "url": f"{base}/git/commits/{commit.sha}",
            "author": signature,
            "committer": signature,
            "message": commit.message,
            "comment_count": 0,
            "tree": {"sha": commit.tree, "url": f"{base}/git/trees/{commit.tree}"},
        },
        "parents": [{"sha": sha, "url": f"{base}/commits/{sha}"} for sha in commit.parents],
    }


def show_simple_commit(commit: Commit) -> Shape:
    """Show a commit as a workflow's run and a merge group do."""
    signature = {"name": commit.author, "email": f"{commit.author}@users.noreply.github.test"}
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "message": commit.message,
        "timestamp": write_time(commit.time),
        "author": signature,
        "committer": signature,
    }
