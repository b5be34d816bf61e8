"""The public half of a key, for programs that have Python's standard library alone."""


def public_half(private: bytes) -> bytes:
    """X25519 with the base point 9 (RFC 7748, section 5)."""
    prime = 2**255 - 19
    scalar = int.from_bytes(private, "little") & ~7 & (2**254 - 1) | 2**254
    x2, z2, x3, z3 = 1, 0, 9, 1
    for bit in range(254, -1, -1):
        swap = scalar >> bit & 1
        if swap:
            x2, z2, x3, z3 = x3, z3, x2, z2
        plus, minus = x2 + z2, x2 - z2
        one, two = (x3 - z3) * plus, (x3 + z3) * minus
        x3, z3 = (one + two) ** 2 % prime, 9 * (one - two) ** 2 % prime
        square, other = plus * plus % prime, minus * minus % prime
        x2, z2 = square * other % prime, (square - other) * (square + 121665 * (square - other))
        z2 %= prime
        if swap:
            x2, z2, x3, z3 = x3, z3, x2, z2
    inverse: int = pow(z2, -1, prime)
    return (x2 * inverse % prime).to_bytes(32, "little")
