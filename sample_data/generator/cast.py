"""Who plays which part. Everybody else is background and gives no finding."""

from .base import utc

CONTRACTED = ("it", "finance", "engineering")


class Cast:
    def __init__(self, company):
        pick = company.pick

        def staff(count, story, *departments, **more):
            return pick(
                count, story, population="workforce", admin=False,
                department=lambda person: person.department in departments,
                created=lambda person: person.created < utc(5, 1), **more,
            )

        # -- registered methods, Entra
        self.no_factor = (
            staff(2, "no_factor", "sales") + staff(1, "no_factor", "hr") + staff(2, "no_factor", "operations")
            + staff(1, "no_factor", "finance", wave="finance-emea") + staff(1, "no_factor", "it")
            + pick(1, "no_factor", population="contractor", department="operations")
            + pick(1, "no_factor", population="partner")
            + [company.by_upn("shared-press@larkspur.example")]
        )
        self.sms_only = staff(3, "sms_only", "sales") + staff(1, "sms_only", "operations", has_smartphone=True) + pick(
            1, "sms_only", population="contractor", department="sales"
        )
        self.sms_and_question = staff(1, "sms_and_question", "hr")
        self.voice_only = staff(1, "voice_only", "operations", has_smartphone=False)
        self.email_only = staff(1, "email_only", "finance", wave="rest")
        self.push_only = staff(2, "push_only", "sales") + staff(1, "push_only", "finance", wave="rest") + staff(
            1, "push_only", "support"
        )
        self.push_and_sms = staff(1, "push_and_sms", "hr")
        admins = [person for person in company.people if person.admin and person.population == "workforce"]
        self.admin_totp = admins[0:2]
        self.admin_push = admins[2:3]
        self.admin_one_key = admins[3:4]
        self.admin_no_recovery = admins[4:6]
        self.admin_compliant = admins[6:]
        for person in admins:
            person.story = "admin"
        self.partner_federated = pick(3, "partner_federated", population="partner")
        self.service_app_password = [
            company.by_upn("svc-ticket-mail@larkspur.example"), company.by_upn("svc-scanner@larkspur.example")
        ]
        # -- registered methods, Okta
        self.okta_none = staff(1, "okta_none", "engineering")
        self.okta_question = staff(1, "okta_question", "support")
        self.okta_sms = staff(2, "okta_sms", "engineering")
        self.okta_email = staff(1, "okta_email", "support")
        self.okta_push_only = staff(2, "okta_push_only", "engineering")
        self.okta_pending = staff(1, "okta_pending", "engineering")
        # -- sign-ins
        self.imap = staff(2, "legacy_imap", "sales")
        self.pop = staff(1, "legacy_pop", "hr")
        self.smtp = [company.by_upn("svc-scanner@larkspur.example")]
        self.legacy_before = staff(4, "legacy_before", "sales", "operations", "hr")
        self.legacy_failed = staff(1, "legacy_failed", "hr")
        self.first_factor = staff(2, "first_factor", "finance", wave="rest") + staff(1, "first_factor", "sales")
        self.okta_first_factor = staff(1, "okta_first_factor", "engineering")
        self.service_interactive = [
            company.by_upn("svc-backup@larkspur.example"), company.by_upn("svc-deploy@larkspur.example")
        ]
        self.service_interactive_before = company.by_upn("svc-build@larkspur.example")
        self.service_interactive_failed = company.by_upn("svc-monitoring@larkspur.example")
        self.fatigue_success = staff(2, "fatigue_success", "finance", "sales", has_smartphone=True)
        self.fatigue_only = staff(2, "fatigue_only", "finance", "hr", has_smartphone=True)
        self.fatigue_four = staff(1, "fatigue_four", "hr", has_smartphone=True)
        self.fatigue_slow = staff(1, "fatigue_slow", "finance", has_smartphone=True)
        self.okta_fatigue_success = staff(1, "okta_fatigue_success", "engineering")
        self.okta_fatigue_only = staff(1, "okta_fatigue_only", "support")
        self.okta_fatigue_four = staff(1, "okta_fatigue_four", "engineering")
        duo = {"duo_key": lambda person: person.duo_key is not None}
        self.duo_fatigue_success = staff(1, "duo_fatigue_success", "engineering", "finance", "sales", **duo)
        self.duo_fatigue_only = staff(1, "duo_fatigue_only", "engineering", "finance", "sales", **duo)
        self.duo_fatigue_slow = staff(1, "duo_fatigue_slow", "engineering", "finance", "sales", **duo)
        self.travel = staff(3, "travel", "finance", "support", "hr", region=lambda p: p.region in ("emea", "amer"))
        self.okta_travel = staff(1, "okta_travel", "engineering", region="emea")
        self.travel_slow = staff(2, "travel_slow", "finance", "support", region=lambda p: p.region in ("emea", "amer"))
        self.reset_new_device = staff(2, "reset_new_device", "it", "security", wave="pilot")
        self.reset_same_device = staff(1, "reset_same_device", "it", "security")
        self.okta_reset = staff(1, "okta_reset", "engineering")
        self.okta_reset_same = staff(1, "okta_reset_same", "support")
        self.no_evidence = staff(3, "no_evidence", "engineering", "operations", "finance", wave="rest")
        # -- exceptions; these people are registered early and never skip MFA unless their part says so
        self.bypass_covered = staff(2, "bypass_covered", "it", "security", **duo)
        self.bypass_uncovered = staff(2, "bypass_uncovered", "engineering", "finance", "sales", **duo)
        self.bypass_expired = staff(2, "bypass_expired", "it", "security", **duo)
        self.bypass_before = staff(1, "bypass_before", "it", "security", **duo)
        self.expired_used = staff(1, "expired_used", "operations") + staff(1, "expired_used", "it", "security")
        self.excepted = staff(14, "excepted", "it", "security")
        self.refused = pick(
            8, "exception_refused", population="contractor", department=lambda p: p.department in CONTRACTED
        )
        for person in self.expired_used[:1]:
            self.no_factor.append(person)
        self._mark()

    def _mark(self):
        for person in self.no_factor:
            person.only_low_apps = True
        for person in self.no_evidence:
            person.no_signins = True
        for person in self.refused + self.excepted + self.bypass_covered + self.bypass_expired + self.bypass_before + (
            self.expired_used
        ):
            person.always_mfa = True
        # Their resets, with the instant the help desk did it.
        self.resets = [
            (self.reset_new_device[0], utc(9, 8, 13, 5)),
            (self.reset_new_device[1], utc(10, 14, 8, 40)),
        ]
        self.reset_near_miss = (self.reset_same_device[0], utc(9, 23, 9, 30))
        self.okta_resets = [(self.okta_reset[0], utc(10, 6, 11, 20))]
        self.okta_reset_near_miss = (self.okta_reset_same[0], utc(8, 19, 10, 15))
