"""Outgoing requests: nothing inside is ever connected to, whatever the URL, the name server or the answer say."""

import socket
import ssl
import threading
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpcore2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from ssrf import INSIDE, NAMES

from serving.delivery.addresses import inside_kind
from serving.delivery.outgoing import NotReachedError, Request, Way, send
from serving.delivery.targets import Rules, TargetRefusedError, target_of

DAY = timedelta(days=1)
GOOD = "93.184.215.14"
TLS = httpcore2.default_ssl_context()


def names(host, port):
    """A name server with `NAMES`; what C libraries take for an address is one."""
    with suppress(OSError):
        return [socket.inet_ntoa(socket.inet_aton(host))]
    if ":" in host:
        return [host]
    if host not in NAMES:
        raise OSError(f"unknown {host}")
    return NAMES[host]


class Stream(httpcore2.MockStream):
    """A connection whose far end is `peer`."""

    def __init__(self, peer):
        super().__init__([b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"])
        self.peer = peer

    def get_extra_info(self, info):
        return (self.peer, 443) if info == "server_addr" else None


class Network(httpcore2.NetworkBackend):
    """Notes what is connected to; answers as a web server behind `peer`."""

    def __init__(self, peer=None):
        self.dialled, self.peer = [], peer

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        self.dialled.append((host, port))
        return Stream(self.peer or host)


def sent(url, network, resolve=names, rules=Rules()):  # noqa: B008
    return send(Request("POST", url), Way(rules, 5.0, 1000, resolve, network, TLS))


@pytest.mark.parametrize("url", INSIDE)
def test_nothing_inside_is_connected_to(url):
    network = Network()
    with pytest.raises(TargetRefusedError):
        sent(url, network)
    assert network.dialled == []


def test_the_corpus_is_large():
    assert len(set(INSIDE)) == len(INSIDE) >= 60


def test_a_public_name_is_connected_to_by_its_checked_address():
    network = Network()
    answer = sent("https://good.example/hook?x=1", network)
    assert (answer.status, answer.body, network.dialled) == (200, b"ok", [(GOOD, 443)])


def test_a_name_that_changes_after_the_check_gains_nothing():
    network, answers = Network(), [[GOOD], ["127.0.0.1"]]
    sent("https://good.example/", network, lambda host, port: answers.pop(0))
    assert (network.dialled, answers) == ([(GOOD, 443)], [["127.0.0.1"]])


def test_a_connection_that_ends_elsewhere_is_closed():
    with pytest.raises(TargetRefusedError, match="led to another address"):
        sent("https://good.example/", Network(peer="127.0.0.1"))


@given(st.ip_addresses(v=4))
def test_what_is_called_public_is_public_to_the_standard_library_too(address):
    if inside_kind(str(address)) is None:
        assert address.is_global
        assert not address.is_multicast


@given(st.ip_addresses(v=4))
def test_an_address_in_other_clothes_is_never_public(address):
    clothes = ("::ffff:{}", "::{}", "64:ff9b::{}", "::ffff:0:{}")
    assert all(inside_kind(form.format(address)) for form in clothes)
    assert inside_kind(f"2002:{int(address) >> 16:x}:{int(address) & 0xFFFF:x}::1")


@given(st.text(max_size=30) | st.text("[]0123456789abcdefx.:@%/?#-", max_size=20).map("https://{}".format))
def test_any_text_is_a_target_or_refused(text):
    try:
        target = target_of(text, Rules())
    except TargetRefusedError:
        return
    assert target.scheme == "https"
    assert target.port == 443
    assert target.host.isascii()


def test_hosts_that_the_operator_names_may_be_inside_and_others_not():
    rules = Rules(frozenset({"printer.local:9100", "127.0.0.1"}))
    for url in ("http://printer.local:9100/", "http://127.0.0.1:8080/"):
        assert sent(url, Network(), rules=rules).ok
    for url in ("http://printer.local/", "https://printer.local/", "https://localhost/"):
        with pytest.raises(TargetRefusedError):
            sent(url, Network(), rules=rules)


@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "100.100.100.200", "0.0.0.0", "fe80::1",
                                     "224.0.0.1", "::ffff:169.254.169.254", "168.63.129.16"])  # fmt: skip
def test_a_host_that_the_operator_names_never_leads_to_a_metadata_service(address):
    network = Network()
    with pytest.raises(TargetRefusedError, match="is an address that no host may have"):
        sent("http://crm.intern/", network, lambda *_: [address], Rules(frozenset({"crm.intern"})))
    assert network.dialled == []


@pytest.mark.parametrize("address", ["10.0.0.5", "127.0.0.1", "192.168.1.9", "100.64.0.9", "::1", "fd12::7"])
def test_a_host_that_the_operator_names_may_be_in_the_own_network(address):
    assert sent("http://crm.intern/", Network(), lambda *_: [address], Rules(frozenset({"crm.intern"}))).ok


def test_further_ports_are_named():
    assert sent("https://good.example:8443/", Network(), rules=Rules(ports=frozenset({8443}))).ok


def test_a_refusal_does_not_show_path_and_query():
    with pytest.raises(TargetRefusedError) as caught:
        sent("https://localhost/services/T0KEN?key=s3cret", Network())
    assert "localhost" in str(caught.value)
    assert "T0KEN" not in str(caught.value)


def test_an_unknown_name_may_be_known_later():
    with pytest.raises(NotReachedError, match=r"https://nowhere\.example: the name is not known"):
        sent("https://nowhere.example/", Network())


def test_a_header_with_a_line_end_is_not_sent_and_not_shown():
    with pytest.raises(NotReachedError, match="a sign that HTTP does not allow") as caught:
        send(
            Request("POST", "https://good.example/", {"authorization": "Bearer s3cret\r\nx: y"}),
            Way(resolve=names, network=Network(), tls=TLS),
        )
    assert "s3cret" not in f"{caught.value}{caught.value.__cause__}"


# Against a real server on this machine.


class Handler(BaseHTTPRequestHandler):
    """Answers by path."""

    def do_POST(self):
        self.server.seen.append((self.path, self.rfile.read(int(self.headers.get("content-length", 0)))))
        getattr(self, f"answer_{self.path.strip('/')}")()

    def answer_redirect(self):
        self.send_response(302)
        self.send_header("location", "http://127.0.0.1:1/inside")
        self.end_headers()

    def answer_large(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"x" * 5000)

    def answer_drip(self):
        for _ in range(40):
            self.wfile.write(b"H")
            self.wfile.flush()
            if self.server.stop.wait(0.05):
                return

    def log_message(self, *arguments):
        pass


@contextmanager
def serving(tls=None):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen, server.stop, server.daemon_threads = [], threading.Event(), True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.stop.set()
        server.shutdown()
        server.server_close()


def way(seconds=5.0):
    return Way(Rules(frozenset({"127.0.0.1"})), seconds, 1000, tls=TLS)


def certificate_of(name, folder):
    """A certificate for `name` signed by its own key, and the key, in one file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1, now - DAY, now + DAY)
    signed = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    path = folder / "server.pem"
    plain = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(signed.sign(key, SHA256()).public_bytes(Encoding.PEM) + key.private_bytes(*plain))
    return path


def test_the_certificate_must_be_of_the_name_and_trusted(tmp_path):
    path = certificate_of("hook.example", tmp_path)
    own, theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=path)
    own.load_cert_chain(path)
    rules = Rules(frozenset({"hook.example", "other.example"}))
    with serving(own) as (server, _):
        for name, trusted, fits in (("hook", theirs, True), ("other", theirs, False), ("hook", TLS, False)):
            request = Request("POST", f"https://{name}.example:{server.server_port}/large")
            with nullcontext() if fits else pytest.raises(NotReachedError, match="certificate"):
                assert send(request, Way(rules, 5.0, 1000, lambda *_: ["127.0.0.1"], tls=trusted)).ok


def test_a_redirect_is_an_answer_and_not_followed():
    with serving() as (server, url):
        answer = send(Request("POST", f"{url}/redirect", body=b"{}"), way())
        assert (answer.status, answer.ok, server.seen) == (302, False, [("/redirect", b"{}")])


def test_a_large_answer_is_cut_off():
    with serving() as (_, url):
        answer = send(Request("POST", f"{url}/large"), way())
        assert (answer.status, len(answer.body), answer.whole) == (200, 1000, False)


def test_slow_drops_of_bytes_end_at_the_deadline():
    with serving() as (_, url), pytest.raises(NotReachedError, match="no answer in time"):
        send(Request("POST", f"{url}/drip"), way(0.3))


def test_proxies_of_the_environment_are_not_used(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with serving() as (_, url):
        assert send(Request("POST", f"{url}/large"), way()).ok


def test_nobody_there_may_be_there_later():
    with serving() as (_, url):
        pass
    with pytest.raises(NotReachedError, match=r"http://127\.0\.0\.1"):
        send(Request("POST", f"{url}/large"), way())
