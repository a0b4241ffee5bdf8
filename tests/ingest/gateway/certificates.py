"""Certificates of the tests' own authority, made by openssl."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificates:
    """PEM files: the authority, the gateway's pair, a sender's pair, and a stranger's that nobody vouches for."""

    folder: Path

    def file(self, name: str) -> str:
        return str(self.folder / name)

    @classmethod
    def make(cls, folder: Path) -> "Certificates":
        made = cls(folder)
        made._self_signed("ca")
        made._self_signed("stranger")
        for name in ("server", "sender"):
            made._run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")(
                "-subj",
                f"/CN={name}",
                "-addext",
                "subjectAltName=IP:127.0.0.1",
                "-keyout",
                made.file(f"{name}.key"),
                "-out",
                made.file(f"{name}.csr"),
            )
            made._run("x509", "-req", "-days", "2", "-copy_extensions", "copy")(
                "-in",
                made.file(f"{name}.csr"),
                "-CA",
                made.file("ca.pem"),
                "-CAkey",
                made.file("ca.key"),
                "-CAcreateserial",
                "-out",
                made.file(f"{name}.pem"),
            )
        return made

    def _self_signed(self, name: str) -> None:
        self._run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")(
            "-subj",
            f"/CN={name}",
            "-keyout",
            self.file(f"{name}.key"),
            "-out",
            self.file(f"{name}.pem"),
        )

    def _run(self, *command: str):
        def run(*arguments: str) -> None:
            subprocess.run(["openssl", *command, *arguments], check=True, capture_output=True)

        return run
