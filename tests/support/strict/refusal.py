"""What AWS says when it does not do as it is asked."""


class Refusal(Exception):
    def __init__(self, code, message, status=400):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status

    @property
    def type(self):
        """Whose fault it is."""
        return "Sender" if self.status < 500 else "Receiver"


def invalid(message):
    return Refusal("ValidationError", message)


def constraint(value, member, words):
    """As AWS says it of one member that its model does not allow."""
    shown = "null" if value is None else f"'{value}'"
    return invalid(f"1 validation error detected: Value {shown} at '{member[0].lower()}"
                   f"{member[1:]}' failed to satisfy constraint: Member must {words}")
