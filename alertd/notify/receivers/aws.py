"""Access to AWS: credentials from where AWS' own programs look for them, the address of a service, signed requests.

`botocore` finds the credentials and signs with Signature Version 4; it comes with `pip install alertd[sns]`, so this
module is imported only where a configuration needs it. The requests themselves go through alertd's own client, except
those by which credentials are got (STS, the metadata of a machine or a container).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials, RefreshableCredentials
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    InvalidRegionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.session import Session

from alertd.config.integrations.sns import Sigv4Config
from alertd.http import ClientSettings
from alertd.notify.receivers.base import DeliveryFailed, FailureReason
from alertd.notify.receivers.calls import plain

THROTTLED = frozenset(
    {
        "KMSThrottling",
        "KMSThrottlingException",
        "RequestLimitExceeded",
        "Throttled",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)

# The words of these name a place to look at and nothing that is secret.
_OPEN_ERRORS = (InvalidRegionError, NoCredentialsError, PartialCredentialsError, ProfileNotFound)


class AwsAccess:
    """What one `sigv4` section gives access to. Its methods block: call them in a thread.

    Credentials that end by themselves are kept and renewed; all others are looked up each time, so that a file that
    somebody changed needs no reload.
    """

    def __init__(self, config: Sigv4Config, settings: ClientSettings, time_limit: int) -> None:
        """`settings` and `time_limit` are for the requests that get credentials."""
        self._config = config
        proxy = settings.proxy.url
        self._verify: str | bool | None = False if settings.tls.insecure_skip_verify else settings.tls.ca_file or None
        self._calls = Config(
            connect_timeout=time_limit / 1000,
            read_timeout=time_limit / 1000,
            retries={"total_max_attempts": 1},
            proxies={"http": proxy, "https": proxy} if proxy else None,
        )
        self._lock = threading.Lock()
        self._kept: RefreshableCredentials | None = None
        self._endpoints: dict[tuple[str, str], str] = {}

    def sign(self, service: str, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """Where to send `body`, and with which headers; an empty `url` is the service's own address in the region.

        Raises `DeliveryFailed` when there are no credentials or no region, or when AWS refuses the role.
        """
        try:
            with self._lock:
                session = self._session()
                region = self._region(session)
                frozen = self._credentials(session, region).get_frozen_credentials()
                url = url or self._endpoint(session, service, region, frozen)
        except ClientError as error:
            raise _refused_role(error) from error
        except BotoCoreError as error:
            words = str(error) if isinstance(error, _OPEN_ERRORS) else type(error).__name__
            raise DeliveryFailed(FailureReason.AUTH_ERROR, f"no credentials from aws: {words}") from error
        request = AWSRequest(method="POST", url=url, data=body, headers=dict(headers))
        SigV4Auth(frozen, service, region).add_auth(request)
        return url, dict(request.headers.items())

    def forget(self) -> None:
        """Look the credentials up anew: AWS does not take those that were kept."""
        with self._lock:
            self._kept = None

    def _session(self) -> Session:
        return Session(profile=self._config.profile or None)

    def _region(self, session: Session) -> str:
        region = self._config.region or os.environ.get("AWS_REGION") or session.get_config_variable("region")
        if not region:
            text = "no region for aws: give sigv4.region, or AWS_REGION in the environment"
            raise DeliveryFailed(FailureReason.CLIENT_ERROR, text, permanent=True, channel_broken=True)
        return str(region)

    def _credentials(self, session: Session, region: str) -> Any:
        if self._kept is not None:
            return self._kept
        config = self._config
        if config.access_key:
            session.set_credentials(config.access_key, plain(config.secret_key))
        credentials = session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        if config.role_arn:
            credentials = self._assumed(session, region, credentials)
        if isinstance(credentials, RefreshableCredentials):
            self._kept = credentials
        return credentials

    def _assumed(self, session: Session, region: str, source: Any) -> RefreshableCredentials:
        """The credentials of the role, got from STS when they are first read."""
        config = self._config
        calls = self._calls.merge(Config(use_fips_endpoint=True)) if config.use_fips_sts_endpoint else self._calls

        def create_client(service: str, **keys: Any) -> Any:
            return session.create_client(service, region_name=region, verify=self._verify, config=calls, **keys)

        extra = {"ExternalId": config.external_id} if config.external_id else {}
        fetcher = AssumeRoleCredentialFetcher(create_client, source, config.role_arn, extra_args=extra)
        return DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")

    def _endpoint(self, session: Session, service: str, region: str, frozen: Any) -> str:
        if (service, region) not in self._endpoints:
            client = session.create_client(
                service,
                region_name=region,
                config=self._calls,
                aws_access_key_id=frozen.access_key,
                aws_secret_access_key=frozen.secret_key,
                aws_session_token=frozen.token,
            )
            self._endpoints[service, region] = str(client.meta.endpoint_url)
            client.close()
        return self._endpoints[service, region]


def _refused_role(error: ClientError) -> DeliveryFailed:
    code = str(error.response.get("Error", {}).get("Code", "unknown"))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    final = 400 <= status < 500 and status != 429 and code not in THROTTLED
    return DeliveryFailed(
        FailureReason.AUTH_ERROR if final else FailureReason.SERVER_ERROR,
        f"aws refused to give credentials: {code}",
        permanent=final,
        channel_broken=final,
        status_code=status or None,
    )
