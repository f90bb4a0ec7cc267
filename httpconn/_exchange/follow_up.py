"""What follows an answer, as jobs: the one place where ``policies`` is asked, for the pool and the fetcher alike."""

from __future__ import annotations

import copy
from typing import NamedTuple

from .._io.logger import tell
from ..errors import name_place
from ..model import Response, attach_response
from ..policies.hooks import finished
from ..policies.verdict import FIRST_JUDGED, RESULT, Policies, Trail, Verdict, archive
from .job import Job
from .logged import shown_error
from .outcome import is_of_content, pour_into_sink
from .preparing import Preparer


class FollowUp(NamedTuple):
    """What is done now that an exchange has ended."""

    job: Job | None = None
    """What is sent next; None: the response is the result."""
    wait_s: float = 0.0
    """How long before."""
    hold_s: float = 0.0
    """How long nothing else is sent to that origin either."""


class _Place:
    """What is asked for by a job, made text of only where somebody hears the log."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def __str__(self) -> str:
        return self._job.place


class _Outcome:
    """What has come of a job, likewise."""

    def __init__(self, response: Response) -> None:
        self._response = response

    def __str__(self) -> str:
        error = self._response.error
        return f"status {self._response.status}" if error is None else shown_error(error)


class Follower:
    """Has the policies decide on a response, and prepares the request that follows."""

    def __init__(self, policies: Policies, preparer: Preparer) -> None:
        self._policies = policies
        self._preparer = preparer

    def after(self, job: Job, response: Response, left_s: float, wall_s: float) -> FollowUp:
        """Return what follows *response* to *job*, which may be a failure.

        *left_s* is what is left of ``Timeout.total``, *wall_s* is the time since the epoch. Where the response is the
        result, it is finished here; if judging it failed, with that error.
        """
        return finished(self.awaiting(job, response, left_s, wall_s))

    async def awaiting(self, job: Job, response: Response, left_s: float, wall_s: float) -> FollowUp:
        """As ``after``, where hooks may have to be awaited."""
        try:
            verdict = await self._verdict(job, response, left_s, wall_s)
            if verdict.hop is not None:
                next_job = await self._hop(job, response, verdict)
                tell("redirected by %d: %s to %s", response.status, _Place(job), _Place(next_job))
                return FollowUp(next_job, 0.0, verdict.hold_s)
            if verdict.drops_expect:
                tell("again, without asking for 100 Continue: %s", _Place(job))
                self._preparer.drop_expect(job)
                return FollowUp(_with_trail(job))
            if verdict.answers_challenge:
                tell("again, with the credentials that were asked for: %s", _Place(job))
                return FollowUp(_with_trail(job))
            if verdict.again_in_s is not None:
                tell("again in %.3g s, for %s: %s", verdict.again_in_s, _Outcome(response), _Place(job))
                return FollowUp(_again(job), verdict.again_in_s, verdict.hold_s)
            if response.error is not None:
                tell("failed, with %s: %s", _Outcome(response), _Place(job))
            head = response._head
            if job.may_go_on is not None and response.error is None and head is not None and job.may_go_on(job, head):
                # It was kept in case it was not the result, and it is. Without content, this empties the file.
                pour_into_sink(job, response, (job.timeout or self._preparer.settings.timeout).read)
        except Exception as error:
            response.error = error
            name_place(error, job.place)
            attach_response(error, response)
            return FollowUp()
        return FollowUp(None, 0.0, verdict.hold_s)

    async def _verdict(self, job: Job, response: Response, left_s: float, wall_s: float) -> Verdict:
        policies, head, error = self._policies, response._head, response.error
        if error is not None:
            if head is not None and head.status >= FIRST_JUDGED and is_of_content(error):
                # What is followed, or sent again, goes by its head: its content is nobody's page, broken or too long.
                verdict = policies.decide(job, head, left_s, wall_s)
                if verdict.goes_on:
                    policies.take_cookies(response.url, head)
                    return verdict
            return policies.decide_failed(job, error, left_s, is_harmless=job.has_failed_harmlessly)
        assert head is not None  # or it would have failed
        answer = await policies.take_note(response.url, response)
        if answer is not None:
            return policies.decide_answered(job, answer)
        return policies.decide(job, head, left_s, wall_s) if head.status >= FIRST_JUDGED else RESULT

    async def _hop(self, job: Job, response: Response, verdict: Verdict) -> Job:
        hop = verdict.hop
        assert hop is not None
        trail = _trail_of(job)
        trail.has_left_origin |= hop.leaves_origin
        trail.has_left_content |= not hop.keeps_content
        trail.answers += verdict.is_answer
        next_job = await self._preparer.prepare_hop(hop.request, job, trail, keeps_content=hop.keeps_content)
        trail.history.append(archive(response))
        return next_job


def _trail_of(job: Job) -> Trail:
    """Return a trail for what follows *job*; that of the job itself is left as it is, with its response's history."""
    trail = Trail()
    if job.trail is not None:
        trail = copy.copy(job.trail)
        trail.history = [*job.trail.history]
        trail.retries = 0
    return trail


def _again(job: Job) -> Job:
    trail = _with_trail(job).trail
    assert trail is not None
    trail.retries += 1
    return job


def _with_trail(job: Job) -> Job:
    """Return *job*, which is sent again: what it has been through, and its time, go along."""
    if job.trail is None:
        job.trail = Trail()
    return job
