"""What is planted, in one place."""

from .base import AS_OF, RECENT, iso

RULES = (
    "no_factor", "weak_only", "weak_for_tier", "second_factor_missing", "no_recovery", "legacy_signin", "bypass_signin",
    "first_factor_only", "service_account_interactive",
)


class Truth:
    def __init__(self, seed):
        self.seed = seed
        self.gaps = {rule: [] for rule in RULES}
        self.stories = {}
        self.near_misses = {}
        self.programme = {}

    def gap(self, rule, provider, person):
        principal = person if isinstance(person, str) else person.principal
        entry = {"provider": provider, "user_principal": principal}
        if entry not in self.gaps[rule]:
            self.gaps[rule].append(entry)

    def story(self, name):
        return self.stories.setdefault(name, [])

    def quiet(self, name):
        """What looks like it and must not be found."""
        return self.near_misses.setdefault(name, [])

    def document(self, **more):
        return {
            "seed": self.seed,
            "as_of": iso(AS_OF),
            "recent_from": iso(RECENT),
            "gaps": {
                rule: sorted(found, key=lambda entry: (entry["provider"], entry["user_principal"]))
                for rule, found in self.gaps.items()
            },
            **more,
            "stories": self.stories,
            "near_misses": self.near_misses,
            "programme": self.programme,
        }
