"""The four tabs: layout in one function, behaviour in another. They call actions by name and draw what comes back."""
