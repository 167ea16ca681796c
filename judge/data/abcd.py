"""ABCD: a clothing shop's written policies, as callers run into them.

Chen et al., "Action-Based Conversations Dataset", NAACL 2021, MIT. ``kb.json`` names what
customers call about, ``guidelines.json`` says what the agent may do for whom. The callers'
sentences and the wording of the facts are this project's; every refusal hangs on a sentence of
the guidelines, and is left out of the set if the file does not say it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from judge.data.example import CorruptData, Example, OnError
from judge.data.phoned import OFFERS, split_by_hash
from judge.data.rows import Report
from judge.judgement import Action, Situation
from judge.moment import Memory, Moment, Signals, Speaker, Turn

AGENT: Final = "An online clothing shop's service line"
REMEDY: Final = "fetch ABCD's kb.json and guidelines.json and name their folder"


@dataclass(frozen=True, slots=True)
class Policy:
    """What a rule of the guidelines grants to some and refuses to others.

    Attributes:
        group: What it is about; no split cuts it.
        flow, subflow: Where it stands in the guidelines.
        says: The words there on which it hangs.
        sayings: What callers say.
        refused, granted: What is known of the caller in each case; empty where the caller's
            own words decide.
    """

    group: str
    flow: str
    subflow: str
    says: str
    sayings: tuple[str, ...]
    refused: tuple[tuple[str, ...], ...]
    granted: tuple[tuple[str, ...], ...] = ()


_RETURNED_LATE: Final = (
    ("Guest customer", "Bought it three months ago", "Has no receipt"),
    (
        "Bronze member, may return within 90 days",
        "Bought it eight months ago",
        "Has neither receipt nor original packaging",
    ),
    (
        "Silver member, may return within 6 months",
        "Bought it a year ago",
        "Has neither receipt nor original packaging",
    ),
)
_RETURNED_IN_TIME: Final = (
    ("Gold member, returns are unlimited", "Bought it a year ago", "Has no receipt"),
    ("Guest customer", "Bought it twelve days ago"),
    ("Bronze member, may return within 90 days", "Bought it two months ago"),
)

POLICIES: Final = (
    Policy(
        "return",
        "Product Defect",
        "Return Due to Stain",
        "return possible within the last 30 days",
        (
            "there's a stain on the shirt, I want to send it back",
            "so I'd like to return this jacket, it has a mark on the sleeve",
        ),
        _RETURNED_LATE,
        _RETURNED_IN_TIME,
    ),
    Policy(
        "return",
        "Product Defect",
        "Return Due to Size",
        "return possible within the last 90 days",
        (
            "these jeans don't fit me, take them back please",
            "the boots turned out a size too small and I want to return them",
        ),
        _RETURNED_LATE,
        _RETURNED_IN_TIME,
    ),
    Policy(
        "mystery_fee",
        "Order Issue",
        "Status Mystery Fee",
        "the extra fee stays",
        (
            "there's a charge on my order that I don't recognise, take it off",
            "I want that extra fee removed from my bill",
            "you've added something to the price, I'd like it gone",
        ),
        (
            ("Guest customer", "Fee checked, it was charged correctly"),
            ("Bronze member", "Fee checked, it was charged correctly"),
        ),
        (
            ("Gold member, extra fees are always removed",),
            ("Silver member, extra fees are always removed",),
            ("Guest customer", "Fee checked, it was our mistake"),
        ),
    ),
    Policy(
        "upgrade",
        "Order Issue",
        "Manage Upgrade",
        "The item has already shipped and the date cannot be altered",
        (
            "could you switch my order to overnight shipping",
            "I need it tomorrow, please upgrade the delivery",
        ),
        (("Order is in transit, its date cannot be changed",), ("Order is out for delivery",)),
        (("Order received, not shipped yet",), ("Gold member", "Order received, not shipped yet")),
    ),
    Policy(
        "downgrade",
        "Order Issue",
        "Manage Downgrade",
        "tell the customer there is nothing you can do",
        (
            "I'd rather have it next week and save the shipping fee",
            "make that the slow delivery, and give me the shipping cost back",
        ),
        (("Guest customer", "Order has already shipped"),),
        (
            ("Guest customer", "Order received, not shipped yet"),
            ("Bronze member, gets the fee as credit", "Order has already shipped"),
        ),
    ),
    Policy(
        "add_item",
        "Order Issue",
        "Manage Create",
        "then it is too late",
        (
            "can you put another pair of socks into my order",
            "I forgot a belt, just add it to what I ordered",
        ),
        (
            ("Guest customer", "Order is out for delivery"),
            ("Bronze member", "Order is in transit"),
        ),
        (
            ("Guest customer", "Order received, not shipped yet"),
            ("Gold member, late additions go out in a separate order", "Order is in transit"),
        ),
    ),
    Policy(
        "promo_code",
        "Purchase Dispute",
        "Promo Code Out of Date",
        "apologize that you cannot help them because there is nothing you can do",
        (
            "my promo code doesn't work any more, give me a new one",
            "the code from your newsletter is refused, I still want the discount",
            "it says the code has expired, can you make it work",
        ),
        (("Guest customer", "Code was issued three weeks ago, codes last 7 days"),),
        (
            ("Bronze member, gets a new code", "Code was issued three weeks ago"),
            ("Gold member, gets a new code", "Code was issued a month ago"),
        ),
    ),
    Policy(
        "already_returned",
        "Purchase Dispute",
        "Mistimed Billing Already Returned",
        "For all other members > Unfortunately you cannot help them on this issue",
        (
            "I sent the sweater back and I want my money now",
            "where's the credit for what I returned, pay it out today",
        ),
        (
            ("Silver member", "Returned it four days ago, credits take up to 7 days"),
            ("Guest customer", "Returned it two days ago, credits take up to 7 days"),
        ),
        (
            ("Gold member, credited at once", "Returned it four days ago"),
            ("Guest customer", "Returned it twelve days ago, credits take up to 7 days"),
        ),
    ),
    Policy(
        "never_bought",
        "Purchase Dispute",
        "Mistimed Billing Never Bought",
        "For all other members > Unfortunately you cannot help them on this issue",
        (
            "I never bought that coat, give me the money back",
            "there's an order on my bill that I never made, I want it credited",
        ),
        (
            ("Bronze member", "System checked, the purchase was made by the caller"),
            ("Guest customer", "System checked, the purchase was made by the caller"),
        ),
        (
            ("Gold member, credited in any case", "System checked, the purchase was made"),
            ("Guest customer", "System checked, the charge is our mistake"),
        ),
    ),
    Policy(
        "extension",
        "Subscription Inquiry",
        "Manage Extension",
        "Bronze and Guest members cannot get an extension",
        (
            "I can't pay for the premium subscription yet, extend it for me",
            "could you give me another month to pay the subscription",
            "money's tight, I'd like an extension on my membership bill",
        ),
        (
            ("Bronze member, no extensions",),
            ("Guest customer, no extensions",),
            ("Silver member, extension only if one day late", "Payment is three weeks late"),
        ),
        (
            ("Gold member, always gets an extension",),
            ("Silver member, extension only if one day late", "Payment is one day late"),
        ),
    ),
    Policy(
        "dispute_bill",
        "Subscription Inquiry",
        "Manage Dispute Bill",
        "the customer does not get the refund",
        (
            "I think you billed my subscription twice, I want the difference back",
            "that subscription bill is wrong, refund me",
        ),
        (
            ("Bronze member", "System checked, billed once and correctly"),
            ("Silver member, refunded below 10 dollars", "Asks for 45 dollars"),
        ),
        (
            ("Gold member, always refunded",),
            ("Silver member, refunded below 10 dollars", "Asks for 6 dollars"),
            ("Guest customer", "System checked, billed twice"),
        ),
    ),
    Policy(
        "password",
        "Account Access",
        "Recover Password",
        "you cannot get their password",
        (
            "just read me the password that's on my account",
            "I don't want a new password, tell me the old one",
        ),
        ((),),
    ),
    Policy(
        "new_password",
        "Account Access",
        "Recover Password",
        "Pin Number <or> answer to the Security Question",
        (
            "I have neither the PIN nor the security answer, but make me a new password anyway",
            "skip the security question and set me a new password",
        ),
        ((),),
    ),
    Policy(
        "change_address",
        "Manage Account",
        "Manage Change Address",
        "they must be able to provide their current address",
        (
            "I don't know what address you have, just put in the new one",
            "change the address on the account, and no, I can't tell you the current one",
        ),
        ((),),
    ),
    Policy(
        "change_phone",
        "Manage Account",
        "Manage Change Phone",
        "they must be able to provide their current number",
        ("I've no idea which number is on the account, but I want mine on it",),
        ((),),
    ),
)

REQUESTS: Final[Mapping[str, tuple[str, ...]]] = {
    "recover_username": ("I've forgotten my username", "what was my login name again"),
    "recover_password": (
        "I can't get in, I need a new password",
        "my password doesn't work, I have my PIN here",
    ),
    "reset_2fa": ("could you reset my two-factor code", "I've a new phone and the code won't come"),
    "status_service_added": ("there's a service on my account that I never ordered",),
    "status_service_removed": ("the insurance has vanished from my plan, I still want it",),
    "status_shipping_question": ("does my account include free shipping abroad",),
    "status_credit_missing": ("some of my store credit is missing", "where did my credit go"),
    "manage_change_address": (
        "I've moved, I'd like to give you my new address",
        "please update my street, I can tell you the old one as well",
    ),
    "manage_change_name": ("I got married and need my name changed",),
    "manage_change_phone": ("I have a new phone number for the account",),
    "manage_payment_method": ("I'd like to pay by debit card instead of PayPal",),
    "status_delivery_time": (
        "my delivery says morning, can it come in the evening",
        "the delivery time looks wrong to me",
    ),
    "status_payment_method": ("the mail says credit card, but I paid with PayPal",),
    "status_quantity": ("your confirmation says two shirts and I ordered one",),
    "manage_cancel": ("I ordered two by mistake, I only want one of them",),
    "refund_initiate": ("I'd like to get a refund for these shoes", "how do I start a refund"),
    "refund_update": ("could you add a shirt to the refund that's under way",),
    "refund_status": ("how's my refund coming along", "has my refund been processed yet"),
    "bad_price_competitor": ("I saw the same jacket cheaper in another shop",),
    "bad_price_yesterday": ("it was ten dollars less yesterday, what happened",),
    "out_of_stock_general": ("everything that I look for is out of stock",),
    "out_of_stock_one_item": ("when will the grey sweater be back in stock",),
    "status": ("I got a strange mail about my parcel, is it on its way",),
    "manage": ("the parcel should go to my office, can you change that",),
    "missing": ("it's been nine days and my order hasn't come", "my package never arrived"),
    "cost": ("shipping was more than I expected, could you waive it",),
    "boots": ("are the ankle boots waterproof", "how wide is the boot at the toes"),
    "shirt": ("does the linen shirt shrink in the wash", "what's the shirt made of"),
    "jeans": ("do the slim jeans come in a longer leg",),
    "jacket": ("can you take the hood off that jacket", "is the down jacket machine washable"),
    "pricing": ("what does gift wrapping cost", "how much is overnight shipping"),
    "membership": ("which membership levels are there", "how do I become a premium member"),
    "timing": ("when does the spring collection come out", "when's your next big sale"),
    "policy": ("what's your return policy", "how do I cancel my subscription"),
    "status_active": ("is my subscription still active",),
    "status_due_amount": ("how much do I owe on the subscription",),
    "status_due_date": ("which day does my subscription renew",),
    "manage_pay_bill": ("I want to pay my subscription bill", "please renew my subscription"),
    "credit_card": ("your site won't take my credit card",),
    "shopping_cart": ("I can't put anything into the cart",),
    "search_results": ("whatever I search for, it finds nothing",),
    "slow_speed": ("your website is awfully slow today",),
}


def load(
    folder: Path,
    *,
    on_error: OnError = "refuse",
    seed: int = 0,
    report: Report | None = None,
) -> Iterator[Example]:
    """Standard requests, and requests that a policy grants to some callers and refuses to others.

    Raises:
        FileNotFoundError: If one of the files is missing.
        CorruptData: If a file is no JSON or does not hold what an example hangs on, unless
            *on_error* is ``skip``.
    """
    guidelines, topics = folder / "guidelines.json", folder / "kb.json"
    written, known = _read(guidelines), _read(topics)
    for problem in _problems(guidelines, written, topics, known):
        if on_error == "refuse":
            raise problem
        if report:
            report(problem)
    for topic, sayings in REQUESTS.items():
        if topic in known:
            for number, saying in enumerate(sayings, start=1):
                yield _told(f"{topic}/{number}", topic, saying, (), refused=False, seed=seed)
    for policy in POLICIES:
        if not _stands(policy, written):
            continue
        for facts_of, refused in ((policy.refused, True), (policy.granted, False)):
            for which, facts in enumerate(facts_of, start=1):
                for number, saying in enumerate(policy.sayings, start=1):
                    case = f"{'refused' if refused else 'granted'}-{which}-{number}"
                    name = f"{policy.group}/{policy.subflow.lower().replace(' ', '_')}/{case}"
                    yield _told(name, policy.group, saying, facts, refused=refused, seed=seed)


def _told(
    name: str, group: str, saying: str, facts: tuple[str, ...], *, refused: bool, seed: int
) -> Example:
    rng = random.Random(f"{seed}:{name}")
    pace_wps = rng.uniform(2.2, 3.4)
    speech_s = round(len(saying.split()) / pace_wps, 2)
    return Example(
        id=f"abcd/{name}",
        source="abcd",
        group=f"abcd/{group}",
        split=split_by_hash(f"abcd/{group}"),
        moment=Moment(
            words=saying,
            agent=AGENT,
            turns=(Turn(speaker=Speaker.AGENT, text=rng.choice(OFFERS)),),
            memory=Memory(
                signals=Signals(
                    gap_s=round(rng.uniform(0.5, 1.2), 2),
                    speech_s=speech_s,
                    words_per_s=round(pace_wps, 1),
                    in_call_s=round(speech_s + rng.uniform(4, 90)),
                ),
                facts=facts,
            ),
        ),
        action=Action.REFUSE if refused else Action.RESPOND,
        situation=Situation.UNREASONABLE_DEMAND if refused else Situation.NONE,
        kind="refused" if refused else ("granted" if facts else "standard"),
        depends_on=("memory",) if facts else (),
    )


def _problems(
    guidelines: Path, written: Mapping[str, Any], topics: Path, known: Mapping[str, Any]
) -> Iterator[CorruptData]:
    for policy in POLICIES:
        if not _stands(policy, written):
            yield CorruptData(
                guidelines, 0, f"{policy.flow} > {policy.subflow} does not say: {policy.says}"
            )
    for topic in REQUESTS:
        if topic not in known:
            yield CorruptData(topics, 0, f"no such topic: {topic}")


def _stands(policy: Policy, written: Mapping[str, Any]) -> bool:
    try:
        subflow = written[policy.flow]["subflows"][policy.subflow]
    except (KeyError, TypeError):
        return False
    return any(policy.says in text for text in _texts(subflow))


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from _texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value)


def _read(file: Path) -> Mapping[str, Any]:
    if not file.is_file():
        raise FileNotFoundError(f"no file {file}: {REMEDY}")
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise CorruptData(file, error.lineno, error.msg) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise CorruptData(file, 0, str(error)) from error
    if not isinstance(read, dict):
        raise CorruptData(file, 1, "not a JSON object")
    return read
