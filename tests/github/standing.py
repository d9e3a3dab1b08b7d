"""Who may do what in a repository, and what must hold before a merge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from tests.github.records import Environment, Role, Ruleset

if TYPE_CHECKING:
    from tests.github.hub import Hub


@dataclass(kw_only=True)
class Rules:
    hub: Hub
    owner: str
    private: bool
    default_branch: str
    roles: dict[str, Role] = field(default_factory=dict)
    environments: list[Environment] = field(default_factory=list)
    rulesets: list[Ruleset] = field(default_factory=list)
    protections: dict[str, dict[str, Any]] = field(default_factory=dict)

    def permission(self, login: str, role: Role) -> None:
        """Give someone a role in the repository."""
        self.roles[login] = role

    def role(self, login: str) -> Role:
        if login == self.owner:
            return "admin"
        return self.roles.get(login, "none" if self.private else "read")

    def association(self, login: str) -> str:
        if login == self.owner:
            return "OWNER"
        return "COLLABORATOR" if login in self.roles else "NONE"

    def ruleset(
        self, rules: Sequence[Mapping[str, object]], *, branch: str | None = None, enforcement: str = "active"
    ) -> int:
        """Lay down rules for a branch, in GitHub's shape, and return the ruleset's id."""
        made = Ruleset(
            id=self.hub.next_id(),
            name="rules",
            enforcement=enforcement,
            branches=(branch or self.default_branch,),
            rules=[dict(rule) for rule in rules],
            created=self.hub.clock.now(),
        )
        self.rulesets.append(made)
        return made.id

    def protect(self, checks: Sequence[tuple[str, int | None]], *, branch: str | None = None) -> None:
        """Require checks on a branch the old way; each is a context and the App that it must come from."""
        listed = [{"context": context, "app_id": app} for context, app in checks]
        contexts = [context for context, _ in checks]
        required = {"strict": False, "contexts": contexts, "checks": listed}
        self.protections[branch or self.default_branch] = {"required_status_checks": required}

    def rules_for(self, branch: str) -> list[tuple[Ruleset, dict[str, Any]]]:
        """Return the rules in force for a branch, each with the ruleset that it is of."""
        special = {"~ALL": "*", "~DEFAULT_BRANCH": self.default_branch}
        return [
            (ruleset, rule)
            for ruleset in self.rulesets
            if ruleset.enforcement == "active"
            and any(
                fnmatchcase(branch, special.get(each, each).removeprefix("refs/heads/"))
                for each in ruleset.branches
            )
            for rule in ruleset.rules
        ]

    def required_checks(self, branch: str) -> list[tuple[str, int | None]]:
        """Return the context of each check that a branch requires, and the App that it must come from."""
        by_rules = [
            (each["context"], each.get("integration_id"))
            for _, rule in self.rules_for(branch)
            if rule["type"] == "required_status_checks"
            for each in rule["parameters"]["required_status_checks"]
        ]
        protection = self.protections.get(branch, {}).get("required_status_checks", {"checks": []})
        return by_rules + [(each["context"], each["app_id"]) for each in protection["checks"]]

    def environment(self, name: str) -> Environment:
        """Have an environment, as a first deployment to it or a person makes one."""
        for known in self.environments:
            if known.name == name:
                return known
        made = Environment(self.hub.next_id(), name, self.hub.clock.now())
        self.environments.append(made)
        return made
