"""Every way in which pedigreed can fail. The set is closed: nothing else is raised on purpose.

    PedigreedError
      +-- Unreadable             a value that does not parse; always handled where it is read
      +-- ConfigurationInvalid   exit 78: problems with their places and fixes
      +-- UpstreamUnavailable    exit 69: a source did not give a usable answer
      |     +-- UpstreamRefused    it answered that it will not serve this question
      +-- StoreError             exit 78: the store can't be used, with the way out
      |     +-- StoreTooNew
      |     +-- StoreCorrupt
      +-- TryAgain               exit 75: another process is at it, or the disk is full
      +-- Usage                  exit 64: a command was called wrongly

Exit codes follow sysexits.h.
"""

from __future__ import annotations

from typing import ClassVar


class PedigreedError(Exception):
    """A failure with a message for the person who reads it. `exit_code` follows sysexits.h."""

    exit_code: ClassVar[int] = 70


class Unreadable(PedigreedError, ValueError):
    """A value that does not follow its grammar."""

    exit_code = 65


class ConfigurationInvalid(PedigreedError):
    """The configuration can't be used. The message has a line for each problem."""

    exit_code = 78


class UpstreamUnavailable(PedigreedError):
    """A source gave no usable answer within its limits."""

    exit_code = 69


class UpstreamRefused(UpstreamUnavailable):
    """A source answered, and the answer is that it will not serve this question."""


class StoreError(PedigreedError):
    """The store can't be used as it is."""

    exit_code = 78


class StoreTooNew(StoreError):
    """The store was written by a newer version of pedigreed."""


class StoreCorrupt(StoreError):
    """The store's file is damaged. It is left as it is."""


class TryAgain(PedigreedError):
    """Nothing is wrong for good: the same call may succeed later."""

    exit_code = 75


class Usage(PedigreedError):
    """The command was called wrongly."""

    exit_code = 64
