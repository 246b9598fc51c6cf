"""An authority of a test, what it certifies, and clients that speak TLS by hand."""

import datetime
import socket
import ssl
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOUR = datetime.timedelta(hours=1)
DAY = 24 * HOUR


def name_of(common):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def as_host(host):
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def pem_of(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


class Authority:
    """`file` has its certificate; what it issues goes beside it."""

    def __init__(self, place, name="ca"):
        self.place, self.name = place, name
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self.sign(name, self.key.public_key(), -DAY, 30 * DAY,
                                     x509.BasicConstraints(ca=True, path_length=None))
        self.file = place / f"{name}.crt"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def sign(self, common, public_key, since, until, *extensions):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (x509.CertificateBuilder().subject_name(name_of(common))
                   .issuer_name(name_of(self.name)).public_key(public_key)
                   .serial_number(x509.random_serial_number())
                   .not_valid_before(now + since).not_valid_after(now + until))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, name, *hosts, since=-DAY, until=30 * DAY):
        """The files of a certificate for `hosts`, and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self.sign(name, key.public_key(), since, until, x509.SubjectAlternativeName(
            [as_host(host) for host in hosts or ("127.0.0.1", "localhost")]))
        files = self.place / f"{name}.crt", self.place / f"{name}.key"
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files[1].touch(mode=0o600)
        files[1].write_bytes(pem_of(key))
        return files


def options(files):
    return "--tls-cert", files[0], "--tls-key", files[1]


def connect(port, ca_file, host="127.0.0.1"):
    """A connection over TLS, on which nobody waits for more than 30 s."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=30)
    return ssl.create_default_context(cafile=ca_file).wrap_socket(plain, server_hostname=host)


def shown_name(port, ca_file):
    """The common name of the certificate that a new connection is shown."""
    with connect(port, ca_file) as connection:
        subject = dict(pair for pairs in connection.getpeercert()["subject"] for pair in pairs)
        return subject["commonName"]
