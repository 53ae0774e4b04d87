"""What a rule does with a packet for which its conditions hold; each returns encoded expressions."""

from __future__ import annotations

from netdoctor.lab.nft.attributes import attribute, data, nested, number, text
from netdoctor.lab.nft.fields import MARK, Field, expression, load, native
from netdoctor.lab.nft.matches import FIRST_REGISTER, load_all

_DROP, _ACCEPT = 0, 1
_JUMP, _GOTO = 2**32 - 3, 2**32 - 4
_FAMILIES = {4: 2, 6: 10}  # NFPROTO_IPV4, NFPROTO_IPV6
_DESTINATION = 1  # NFT_NAT_DNAT
# NFT_REJECT_ICMPX_UNREACH, and enum nft_reject_inet_code
_PORT_UNREACHABLE = number(1, 2) + attribute(2, b"\x01")
_ADMIN_PROHIBITED = number(1, 2) + attribute(2, b"\x03")
_UPDATE = 1  # NFT_DYNSET_OP_UPDATE


def verdict(code: int, chain: str = "") -> bytes:
    """A verdict as the value of a map."""
    return nested(2, number(1, code), text(2, chain) if chain else b"")


TO_ACCEPT, TO_DROP = verdict(_ACCEPT), verdict(_DROP)


def to_chain(name: str) -> bytes:
    """Going on in another chain, never to come back, as the value of a map."""
    return verdict(_GOTO, name)


def _immediate(value: bytes) -> bytes:
    return expression("immediate", number(1, 0), nested(2, value))


ACCEPT, DROP = _immediate(TO_ACCEPT), _immediate(TO_DROP)
REJECT = expression("reject", _PORT_UNREACHABLE)
PROHIBIT = expression("reject", _ADMIN_PROHIBITED)
MASQUERADE = expression("masq")


def goto(chain: str) -> bytes:
    """Go on in another chain, never to come back."""
    return _immediate(to_chain(chain))


def jump(chain: str) -> bytes:
    """Go on in another chain, and come back at its end."""
    return _immediate(verdict(_JUMP, chain))


def set_mark(bit: int) -> bytes:
    """Set one bit of the packet's mark."""
    registers = number(1, FIRST_REGISTER), number(2, FIRST_REGISTER), number(3, 4)
    marked = expression("bitwise", *registers, data(4, native(~bit & 0xFFFFFFFF)), data(5, native(bit)))
    return load(MARK, FIRST_REGISTER) + marked + expression("meta", number(2, 3), number(3, FIRST_REGISTER))


def dnat_by_map(name: str, field: Field, version: int) -> bytes:
    """To the address and port that a map has for a field."""
    registers = number(2, FIRST_REGISTER), number(3, FIRST_REGISTER)
    return load(field, FIRST_REGISTER) + expression("lookup", text(1, name), *registers) + _dnat(version)


def dnat(address: bytes, port: bytes, version: int) -> bytes:
    """To one address and port."""
    loaded = ((FIRST_REGISTER, address), (_port_register(version), port))
    return b"".join(expression("immediate", number(1, to), data(2, value)) for to, value in loaded) + _dnat(version)


def remember(name: str, milliseconds: int, *fields: Field) -> bytes:
    """Put the fields into a set for so long, or for so long again."""
    timeout = attribute(6, milliseconds.to_bytes(8, "big"))
    update = expression("dynset", text(1, name), number(3, _UPDATE), number(4, FIRST_REGISTER), timeout)
    return load_all(*fields) + update


def _dnat(version: int) -> bytes:
    registers = number(3, FIRST_REGISTER), number(5, _port_register(version))
    return expression("nat", number(1, _DESTINATION), number(2, _FAMILIES[version]), *registers)


def _port_register(version: int) -> int:
    return FIRST_REGISTER + (1 if version == 4 else 4)
