from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.portal.conftest import OpenPage, desk_in_use
from tests.portal.test_portal_reviews import shown


def promote(app: AppTest, *, name: str) -> AppTest:
    app.button(key="promote").click().run()
    app.text_input(key="promote-name").set_value(name)
    return app.button(key="promote-confirm").click().run()


def test_promotion_is_recorded_under_a_name(open_page: OpenPage) -> None:
    """Confirming with a name promotes exactly the reviewed commit, and the page says what happened."""
    app = promote(open_page("passing", pull=7), name=" Grace ")

    assert not app.exception
    assert desk_in_use().promotions == [(7, f"{7:040x}", "Grace")]
    assert "its candidate is in production as version 4." in shown(app)
    assert "This candidate is in production now." in shown(app)
    assert not [button for button in app.button if button.key == "promote"]


def test_promotion_without_a_name_is_refused(open_page: OpenPage) -> None:
    """Nobody promotes namelessly."""
    app = promote(open_page("passing", pull=7), name="  ")

    assert "Give your name" in shown(app)
    assert desk_in_use().promotions == []


def test_failed_gate_cannot_be_promoted(open_page: OpenPage) -> None:
    """With the verdict fail the button is off, and the page says why."""
    app = open_page("failing", pull=7)

    assert app.button(key="promote").disabled
    assert "The gate failed: the candidate cannot be promoted." in shown(app)


def test_inconclusive_can_be_promoted(open_page: OpenPage) -> None:
    """An inconclusive verdict leaves the decision to the person."""
    assert not open_page("inconclusive", pull=7).button(key="promote").disabled


def test_moved_branch_cannot_be_promoted(open_page: OpenPage) -> None:
    """A report of an older commit than the branch's head promotes nothing."""
    app = open_page("moved_branch", pull=7)

    assert app.button(key="promote").disabled
    assert "The branch has moved on since this report." in shown(app)


def test_merged_review_has_no_button(open_page: OpenPage) -> None:
    """What is decided is not offered for decision."""
    app = open_page("everything", pull=3)

    assert not app.exception
    assert not [button for button in app.button if button.key == "promote"]


def test_refused_promotion_says_why(open_page: OpenPage) -> None:
    """When the desk refuses at the click, its sentence is shown and nothing is claimed."""
    app = open_page("passing", pull=7)
    app.button(key="promote").click().run()
    desk = desk_in_use()
    desk.refusal = "Pull request #7 has moved on to 9999; review that commit."
    app.text_input(key="promote-name").set_value("Grace")
    app.button(key="promote-confirm").click().run()

    assert "Nothing was promoted. Pull request #7 has moved on to 9999" in shown(app)
    assert "in production as" not in shown(app)
