"""Why: from objects and observations to root causes. Pure functions over immutable values."""
