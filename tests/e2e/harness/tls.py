# SPDX-License-Identifier: MIT
"""An authority of the test's own, and clients that speak TLS."""
import datetime
import ipaddress
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from . import client
from .limits import DEADLINE
from .server import Server

DAY = datetime.timedelta(days=1)


def make_key(kind='ec'):
    if kind != 'ec':
        return rsa.generate_private_key(65537, key_size={'rsa': 2048, 'weak': 1024}[kind])
    return ec.generate_private_key(ec.SECP256R1())


def key_text(key, passphrase=None):
    sealed = (serialization.BestAvailableEncryption(passphrase.encode()) if passphrase
              else serialization.NoEncryption())
    return key.private_bytes(serialization.Encoding.PEM,
                             serialization.PrivateFormat.PKCS8, sealed).decode()


def certificate_text(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general(name):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class Authority:
    """Signs certificates; writes them and itself into `folder`."""

    def __init__(self, folder, name='Test Authority'):
        self.folder = folder
        self.name = _name(name)
        self.key = make_key()
        now = datetime.datetime.utcnow()
        self.certificate = (
            x509.CertificateBuilder().subject_name(self.name).issuer_name(self.name)
            .public_key(self.key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - DAY).not_valid_after(now + 30 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256()))
        self.path = folder / f'{name.replace(" ", "-")}.pem'
        self.path.write_text(certificate_text(self.certificate))

    def sign(self, names, key, days=30):
        now = datetime.datetime.utcnow()
        return (
            x509.CertificateBuilder().subject_name(_name(names[0])).issuer_name(self.name)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - 100 * DAY).not_valid_after(now + days * DAY)
            .add_extension(x509.SubjectAlternativeName([_general(n) for n in names]), False)
            .sign(self.key, hashes.SHA256()))

    def issue(self, *names, kind='ec', days=30, file=None, passphrase=None):
        """Writes FILE.pem and FILE.key; returns them as an entry of `certificates`."""
        file = file or f'{names[0]}-{kind}'.replace('*', 'any')
        key = make_key(kind)
        pem, secret = self.folder / f'{file}.pem', self.folder / f'{file}.key'
        pem.write_text(certificate_text(self.sign(names, key, days)))
        secret.write_text(key_text(key, passphrase))
        return {'certificate': str(pem), 'key': str(secret)}

    def trusting(self, entry=None, version=None):
        """The context of a client that trusts the authority, and shows the certificate of `entry`;
        `version`: the only one of TLS that it speaks."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.path)
        if entry is not None:
            context.load_cert_chain(entry['certificate'], entry['key'])
        if version is not None:
            context.minimum_version = context.maximum_version = version
        return context


class TlsClient(client.RawClient):
    """A raw client inside TLS. `host`: what it names and expects; `before`: bytes that come before
    the handshake; `session`: of an earlier client, to go on with."""

    def __init__(self, address, context, host, before=b'', session=None, timeout=DEADLINE):
        super().__init__(address, timeout)
        self.socket.sendall(before)
        self.socket = context.wrap_socket(self.socket, server_hostname=host, session=session)

    def get(self, target='/', headers=''):
        self.send(f'GET {target} HTTP/1.1\r\nHost: test\r\n{headers}\r\n'.encode())
        return self.read_answer()


class SecureAddress(tuple):
    """('host', port) for clients of the harness, which speak TLS there by `context`."""

    def __new__(cls, address, context):
        made = super().__new__(cls, address)
        made.context = context
        return made


class SecureServer(Server):
    """A server that listens by https where a test says nothing else, and whose clients know it."""

    def __init__(self, folder, marker):
        super().__init__(folder, marker)
        self.authority = Authority(self.folder)
        self.certificate = self.authority.issue('127.0.0.1')

    def default_config(self):
        return {**super().default_config(), 'listen': {
            'address': 'https://127.0.0.1:0',
            'certificates': [self.certificate]}}

    def address(self, index=0):
        address = super().address(index)
        if not self.addresses[index].startswith('https://'):
            return address
        return SecureAddress(address, self.authority.trusting())
