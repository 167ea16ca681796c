"""Whether words point to an emergency: a person in danger now, and not a manner of speaking.

The cost of a miss is far above that of a false alarm (an emergency that goes unnoticed may be
refused or cut short; a false alarm is merely answered), so the patterns reach widely. Idioms
that only sound alarming ("dying to know", "fire up the laptop") are struck out first. English
only; no model.
"""

from __future__ import annotations

import re
from typing import Final

from judge.render import spoken

_READ_FIRST: Final = 300
_READ_LAST: Final = 1000
"""Characters looked at, from the beginning and the end: some ninety seconds of speech."""

_PERSON: Final = (
    r"(?:i|he|she|they|who|someone|somebody|mum|mom|mother|dad|father|wife|husband|partner|son|"
    r"daughter|baby|child|kid|boy|girl|brother|sister|friend|grandma|grandpa|gran|grandmother|"
    r"grandfather|man|woman|lady|guy|person|guest|customer|patient|colleague|neighbou?r|driver)"
)
_HAS: Final = r"(?:'s|'ve|'m|'re| is| has| have| am| are| was| just| suddenly| got| maybe)*"
_US: Final = r"(?:me|us|him|her|them|myself|himself|herself|themselves)"

_IDIOMS: Final = re.compile(
    r"\b(?:"
    + "|".join(
        (
            r"dying (?:to|for|of (?:boredom|curiosity|embarrassment|laughter|heat|hunger|thirst))",
            r"die (?:of (?:boredom|curiosity|embarrassment|laughter)|laughing|for)",
            r"(?:wanted|want) to die (?:of|when|laughing)",
            r"kill(?:ing)? myself laughing",
            r"kill me (?:if|when|for|with|over|about|once)",
            r"(?:gave|give|gives|giving) \w+(?: \w+)? (?:a|an)(?: \w+)? (?:heart attack|stroke)",
            r"(?:nearly|almost|practically) (?:had|having|fainted|passed out)"
            r"(?: (?:a|an)(?: \w+)? (?:heart attack|stroke|fit))?",
            r"(?:career|financial|political|commercial) suicide",
            r"suicide (?:squad|doors|mission|prevention)",
            r"fire (?:up|away|sale|drill|drills|escape|exit|exits|extinguisher|extinguishers|door|"
            r"doors|pit|safety|station|insurance|tv|stick|test|inspection|regulations|sign)",
            r"fire alarm (?:test|tests|testing|check|inspection|battery|batteries)",
            r"(?:sale|sales|team|market|inbox|business|band|set the world|deals|he was|she was)"
            r"(?:'s| is| was| are| were)? on fire",
            r"bleeding (?:money|cash|edge|obvious|idiots?|hell|useless|awful|ridiculous|thing)",
            r"chok(?:e|ing) on (?:\w+ ){0,2}(?:price|prices|bill|bills|fees|words|coffee)",
            r"drowning in (?:\w+ )?(?:paperwork|emails?|debt|work|bills|forms|calls)",
            r"passed out (?:the|leaflets|flyers|forms|copies)",
            r"shot (?:down|up|out|through|myself in the foot)",
            r"(?:not|no|isn't|wasn't|hardly) (?:a |an |really an |exactly an )?emergency",
            r"in (?:case of )?an? emergency|in case of emergency|for an emergency|for emergencies",
            r"emergency (?:exit|exits|contact|contacts|fund|funds|number|numbers|plumber|card|"
            r"cash|stop|lighting|kit|passport|appointment|appointments|callout|slot|landing|brake)",
            r"smoke (?:free|detector|detectors|break)",
            r"can't breathe (?:for laughing|in (?:this|that|these))",
            r"(?:i'll|i will|i'd|gonna|going to|have to|should i|do i) (?:call|phone|get|ring) "
            r"the (?:police|cops)",
        )
    )
    + r")\b"
)

_ALARMS: Final = re.compile(
    r"\b(?:"
    + "|".join(
        (
            # fire, smoke, gas
            r"on fire|caught fire|catching fire|in flames|flames (?:are |coming|everywhere)",
            r"(?:there's|there is|got|have|see|started|been) a (?:\w+ )?fire"
            r"(?! (?:\w+ )?(?:place|alarm))",
            r"fire(?:'s| is| has)? (?:broke|broken|breaking|spreading|in (?:the|my|our))",
            r"(?:kitchen|house|building|roof|car|room)(?:'s| is) (?:burning|full of smoke)",
            r"burning down|full of smoke|smoke(?:'s| is)? (?:coming|pouring|everywhere|filling)",
            r"(?:fire|smoke|monoxide) alarm(?:'s| is| has)? (?:going|gone|been going|ringing)",
            r"smell(?:s|ing)? (?:like |of |strongly of |the )?(?:gas|smoke|burning)",
            r"gas (?:leak|is leaking)|leaking gas|carbon monoxide|(?:an|big) explosion",
            r"(?:boiler|oven|gas|battery|stove|cooker) (?:has )?(?:just )?exploded",
            # illness and injury
            r"heart attack|cardiac arrest|chest pains?|pains? in (?:my|his|her|the) chest",
            r"(?:having|had|has) (?:a|another) (?:\w+ )?(?:stroke|seizure)"
            r"(?! (?:last|back|in|before|of|\w+ (?:years?|months?|weeks?)))",
            r"(?:can't|cannot|cant|can barely|can hardly|isn't|not|stopped|struggling to|trouble|"
            r"unable to|difficulty|barely|hardly) breath(?:e|ing)",
            r"unconscious|unresponsive|not (?:conscious|responding to us|waking up)",
            r"(?:won't|can't|doesn't|isn't|cannot) (?:wake|waking)(?: " + _US + r")? up",
            _PERSON + _HAS + r" (?:collapsed|fainted|passed out|blacked out|choking|drowning|"
            r"dying|electrocuted|turning blue|unconscious)",
            r"(?:just|has|have) (?:suddenly )?(?:collapsed on|passed out|fainted)",
            r"collapsed (?:in|on|at|behind|here|and|while|during) (?:the|my|our|reception|"
            r"he's|she's|isn't|not|front)",
            r"bleeding (?:badly|heavily|a lot|everywhere|out|profusely|to death|from|and)",
            _PERSON + _HAS + r" bleeding|stop (?:the )?bleeding|blood everywhere|lot of blood",
            r"overdosed?|(?:took|taken|swallowed|ate) (?:far )?too many (?:\w+ )?(?:pills|tablets|"
            r"painkillers)",
            r"(?:swallowed|drank|drunk|eaten) (?:\w+ ){0,3}(?:bleach|pills|tablets|battery|"
            r"batteries|poison|detergent|cleaner|antifreeze)",
            r"allergic (?:reaction|shock)|anaphyla\w+|throat(?:'s| is) (?:closing|swelling)",
            r"electrocuted|(?:got|had) an electric shock",
            r"waters? (?:has |have |just )?(?:broke|broken)|going into labou?r|miscarriage",
            r"(?:fell|fallen) (?:down the stairs|out of the window|off (?:the|a) (?:roof|ladder))",
            r"can't (?:get up|move (?:my|his|her) (?:legs?|arms?|side))|hit (?:his|her|my) head",
            r"trapped (?:in|inside|under) (?:\w+ )?(?:lift|elevator|car|room|basement|building)",
            # self-harm
            r"(?:kill|killing|harm|harming) (?:myself|himself|herself|themselves)",
            r"(?:want|going|gonna|might|thinking about|thinking of) (?:to )?"
            r"(?:hurt|hurting|cutting) (?:myself|himself|herself)",
            r"(?:end|ending|take|taking) (?:my|his|her) (?:own )?life|end it all",
            r"(?:want|wants|wanted|rather) (?:to )?die|wish i (?:was|were) dead",
            r"(?:don't|doesn't|can't|not) (?:want to |wanna )?(?:live|be alive|be here|go on)"
            r" (?:any ?more|any longer|like this)|don't want to live|suicid(?:e|al)",
            # violence
            r"(?:trying|threatening|threatened|tried|wants) to (?:kill|stab|shoot|strangle) " + _US,
            r"(?:going to|gonna) (?:kill|stab|shoot) (?:me|us|her|him|them)",
            _PERSON + _HAS + r" (?:a|an) (?:gun|knife|machete|weapon)\b(?! (?:set|block))",
            r"(?:been|being|getting|got|was) (?:stabbed|shot|attacked|assaulted|raped|kidnapped|"
            r"beaten up|strangled|held hostage)",
            r"(?:hitting|beating|strangling|choking|attacking) (?:me|us|him|her|them|my)",
            r"(?:breaking|broken|break|broke) in(?:to)? (?:my|the|our) (?:house|flat|home|room|"
            r"apartment|place)|(?:someone|somebody)(?:'s| is) breaking in|intruder",
            # calls for help
            r"(?:call|need|needs|get|send|want|calling|phone|ring|fetch)(?: me| us| him| her| for)?"
            r"(?: an| the| a)? (?:ambulance|paramedics?|police|fire brigade|fire department|"
            r"nine one one|nine nine nine|one one two|911|999|112|emergency services)",
            r"(?:it's|this is|is|there's|have|got|it is|life or death) (?:an|a) "
            r"(?:\w+ )?emergency|medical emergency",
        )
    )
    + r")\b"
)

# One of these is in every alarm: words without any of them are let through at once.
_TELLING: Final = frozenset(
    """
    fire flames burning smoke alarm gas monoxide explosion exploded heart cardiac chest stroke
    seizure breathe breathing unconscious unresponsive conscious responding waking wake collapsed
    fainted passed blacked choking drowning dying electrocuted blue bleeding blood overdose
    overdosed pills tablets painkillers bleach battery batteries poison detergent cleaner
    antifreeze allergic throat shock broke broken labour labor miscarriage fell fallen up move head
    trapped kill killing harm harming hurt hurting cutting life end die dead live alive here go
    suicide suicidal stab shoot strangle gun knife machete weapon stabbed shot attacked assaulted
    raped kidnapped beaten strangled hostage hitting beating strangling attacking breaking break
    intruder ambulance paramedic paramedics police brigade department nine 911 999 112 one
    emergency services
    """.split()
)


def points_to_emergency(words: str) -> bool:
    """Whether *words* tell of a person in danger. Pure, and quick on words of any length."""
    if len(words) > _READ_FIRST + _READ_LAST:
        words = f"{words[:_READ_FIRST]} {words[-_READ_LAST:]}"
    said = spoken(words)
    if not (_TELLING.intersection(said) or any(word.startswith("anaphyla") for word in said)):
        return False
    plain = " ".join(said)
    return _ALARMS.search(_IDIOMS.sub("-", plain)) is not None
