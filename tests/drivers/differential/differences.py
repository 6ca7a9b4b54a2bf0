"""The intended differences of docs/differences.md, as compare.py wants them: a reason, or None."""


def intended(statement, direct, through):
    text = statement if isinstance(statement, str) else statement[0]
    upper = text.upper()
    refused = bool(through) and through[-1][:3] == b"\xff\xd3\x04"  # 1235
    if refused and "FOUND_ROWS()" in upper:
        return "asks about the statement before, outside of a transaction"
    if refused and ("WARNING" in upper or "ERROR" in upper):
        return "asks about warnings in another way than SHOW WARNINGS, outside of a transaction"
    same_but_order = len(direct) == len(through) and all(
        a == b or (upper.startswith("SET") and sorted(a) == sorted(b)) for a, b in zip(direct, through))
    if same_but_order:
        return "MariaDB tells tracked variables in an order that differs from process to process"
    return None
