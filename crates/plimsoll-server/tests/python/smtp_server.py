"""A mail server that keeps nothing and tells what it gets.

Usage: smtp_server.py plain|starttls|tls CERT KEY [--login NAME PASSWORD] [--hang-quit]
Prints {"port": …} and then each mail as a line of JSON; ends with its standard input.
Refuses unknown@… for good and later@… for now.
"""

import argparse
import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

parser = argparse.ArgumentParser()
parser.add_argument("mode")
parser.add_argument("cert")
parser.add_argument("key")
parser.add_argument("--login", nargs=2)
parser.add_argument("--hang-quit", action="store_true")
asked = parser.parse_args()


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("unknown@"):
            return "550 no such user"
        if address.startswith("later@"):
            return "451 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}
        told = {
            "tls": session.ssl is not None or asked.mode == "tls",
            "login": session.auth_data,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "subject": mail["subject"],
            "message_id": mail["message-id"],
            "references": mail["references"],
            "parts": parts,
        }
        print(json.dumps(told), flush=True)
        return "250 OK"

    async def handle_QUIT(self, server, session, envelope):
        if asked.hang_quit:
            await asyncio.sleep(3600)
        return "221 Bye"


def authenticator(server, session, envelope, mechanism, data):
    given = [data.login.decode(), data.password.decode()]
    if given != asked.login:
        return AuthResult(success=False, handled=False)
    return AuthResult(success=True, auth_data=given[0])


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(asked.cert, asked.key)
    starts = context if asked.mode == "starttls" else None
    loop = asyncio.get_running_loop()

    def session():
        return SMTP(
            Handler(),
            hostname="localhost",
            tls_context=starts,
            require_starttls=starts is not None,
            auth_required=asked.login is not None,
            auth_require_tls=starts is not None,
            authenticator=authenticator if asked.login else None,
            loop=loop,
        )

    wrapped = context if asked.mode == "tls" else None
    server = await loop.create_server(session, "127.0.0.1", 0, ssl=wrapped)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
