"""The parts of which a workflow for GitHub Actions is put together; every right and every choice has its reason."""

from __future__ import annotations

HEADER = """\
# Trains the model of each pull request, compares it with production, and says so in one comment and one check.
# Written by `greenroom init`; yours to change. `greenroom doctor` says what it lacks, docs/github.md why it is so.
name: {title}
"""

EVENTS_SERVER = """\
on:
  pull_request:
    types: [opened, synchronize, reopened]"""

EVENTS_ALONE = """\
on: # zizmor: ignore[dangerous-triggers] a comment starts the default branch's own code alone, see the job `answer`
  pull_request:
    types: [opened, synchronize, reopened, closed]
  merge_group:
    types: [checks_requested]
  push:
    branches: [{branch}]{remark}
  issue_comment:
    types: [created]"""

RIGHTS = """\

permissions: {}

jobs:"""

CACHES_APART = " # zizmor: ignore[cache-poisoning] what a pull request caches, no other branch is given"

JOB = """\
  run:
    name: Train, compare and preview{condition}
    runs-on: {machine}
    timeout-minutes: {minutes}
    permissions:
{permissions}
{concurrency}{variables}
    steps:
      - name: Check out the commit under review
        uses: {checkout}
        with:
          # The head itself: what is reported belongs to it, and not to GitHub's trial merge.
          ref: {head}
          persist-credentials: false{checkout_more}
"""

CONCURRENCY_SERVER = """\
    concurrency:
      # A newer push makes the run for an older head needless, and it is stopped wherever it is: the server takes a
      # bundle in once it has arrived whole, and none of a head that is not the newest.
      group: greenroom-{project}-${{{{ github.event.pull_request.number }}}}
      cancel-in-progress: true"""

CONCURRENCY_ALONE = """\
    concurrency:
      # A newer push makes the run for an older head needless, and it is stopped wherever it is: the newer run edits
      # what the older one has posted. Commits of the merge queue and of the default branch are never stopped.
      group: greenroom-{project}-${{{{ github.event.pull_request.number || github.sha }}}}
      cancel-in-progress: ${{{{ github.event_name == 'pull_request' }}}}"""

LFS = """
          lfs: true"""

DEPTH = """
          # With what a commit of the merge queue stands on, to see what it changes.
          fetch-depth: 2"""

CONDITION = """
    if: ${{ github.event_name != 'issue_comment' && github.event.action != 'closed' }}"""

PERMISSIONS_SERVER = """\
      contents: read # checks the commit out
      id-token: write # proves to the server whose job this is; the server publishes, and the job may post nothing"""

PERMISSIONS_ALONE = """\
      contents: read # checks the commit out
      checks: write # posts the check greenroom/gate
      deployments: write # shows the preview
      pull-requests: write # posts the comment"""

CACHE = """\
      - name: Keep models' environments
        uses: {cache}
        with:
          path: ~/.cache/greenroom
          key: greenroom-${{{{ runner.os }}}}-${{{{ runner.arch }}}}{key}
          restore-keys: greenroom-${{{{ runner.os }}}}-${{{{ runner.arch }}}}-
"""

UV = """\
      - name: Install uv
        uses: {uv}
"""

RUN = """\
      - name: Run Greenroom
        id: greenroom
        uses: {uses}
        with:
{inputs}
"""

TRACKING = """
    env:
      # Where runs and the model in production are kept. Without it each run has a store of its own, and nothing to
      # compare with.
      MLFLOW_TRACKING_URI: ${{ vars.MLFLOW_TRACKING_URI }}"""

BUNDLE_FILE = "${{ runner.temp }}/greenroom-bundle"

HAND_OVER = """\
      # A fork's job proves nothing to anybody. It leaves its bundle here, and the server fetches it, which deploys it
      # after a maintainer's word for this very commit.
      - name: Leave a fork's bundle for the server
        if: ${{{{ !cancelled() && github.event.pull_request.head.repo.fork }}}}
        uses: {upload}
        with:
          name: {name}
          path: {path}
          if-no-files-found: ignore
          retention-days: 7
"""

CLOSE = """\
  close:
    name: End the preview
    if: ${{{{ github.event.action == 'closed' }}}}
    runs-on: {machine}
    timeout-minutes: 15
    permissions:
      contents: read # reads greenroom.toml
      deployments: write # ends the preview
    concurrency:
      # Also stops what still runs for the pull request.
      group: greenroom-{project}-${{{{ github.event.pull_request.number }}}}
      cancel-in-progress: true
    steps:
      - name: Check out the settings
        uses: {checkout}
        with:
          ref: ${{{{ github.event.pull_request.head.sha }}}}
          persist-credentials: false
      - name: Run Greenroom
        uses: {uses}
        with:
          directory: {folder}
"""

ANSWER = """\
  answer:
    name: Answer a command
    # Whoever may read may comment: Greenroom asks GitHub whether the person may write, and nothing of the pull
    # request is checked out.
    if: >-
      ${{{{ github.event_name == 'issue_comment' && github.event.issue.pull_request
      && contains(github.event.comment.body, '/greenroom') }}}}
    runs-on: {machine}
    timeout-minutes: 15
    permissions:
      contents: read # reads greenroom.toml
      actions: write # /greenroom rerun
      checks: write # /greenroom override
      deployments: write # /greenroom override
      pull-requests: write # answers, and edits the comment
    concurrency:
      group: greenroom-{project}-comment-${{{{ github.event.comment.id }}}}
      cancel-in-progress: false{variables}
    steps:
      - name: Check out the default branch
        uses: {checkout}
        with:
          persist-credentials: false
      - name: Run Greenroom
        uses: {uses}
        with:
          directory: {folder}
"""
