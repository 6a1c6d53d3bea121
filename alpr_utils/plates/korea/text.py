"""What is written on Korean plates: regions, prefixes, syllables and the forms they make up."""

from alpr_utils.plates.text_form import TextForm, TextPart

DIGITS = "0123456789"
PRIVATE = "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주"
RENTAL = "하허호"
COMMERCIAL = "바사아자배"
TEMPORARY = "임"
MILITARY = "국합육해공"

REGIONS = {
    "서울": "Seoul",
    "부산": "Busan",
    "대구": "Daegu",
    "인천": "Incheon",
    "광주": "Gwangju",
    "대전": "Daejeon",
    "울산": "Ulsan",
    "세종": "Sejong",
    "경기": "Gyeonggi",
    "강원": "Gangwon",
    "충북": "North Chungcheong",
    "충남": "South Chungcheong",
    "전북": "North Jeolla",
    "전남": "South Jeolla",
    "경북": "North Gyeongsang",
    "경남": "South Gyeongsang",
    "제주": "Jeju",
}
DIPLOMATIC = {
    "외교": "diplomatic",
    "영사": "consular",
    "준외": "associate diplomatic",
    "준영": "associate consular",
    "국기": "international organisation",
    "협정": "treaty",
    "대표": "representative",
}
# The region letters in the file names of the public crops.
CROP_REGIONS = {
    "A": "서울",
    "B": "경기",
    "C": "인천",
    "D": "강원",
    "E": "충남",
    "F": "대전",
    "G": "충북",
    "H": "부산",
    "I": "울산",
    "J": "대구",
    "K": "경북",
    "L": "경남",
    "M": "전남",
    "N": "광주",
    "O": "전북",
    "P": "제주",
}


def _span(first: int, last: int, digits: int) -> tuple[str, ...]:
    return tuple(f"{number:0{digits}}" for number in range(first, last + 1))


VEHICLES = {
    "car": _span(1, 69, 2) + _span(100, 699, 3),
    "bus": _span(70, 79, 2) + _span(700, 799, 3),
    "truck": _span(80, 97, 2) + _span(800, 979, 3),
    "special": _span(98, 99, 2) + _span(980, 997, 3),
    "emergency": _span(998, 999, 3),
}
PREFIXES = {digits: tuple(p for span in VEHICLES.values() for p in span if len(p) == digits) for digits in (2, 3)}

_NUMBER = (TextPart("number", tuple(DIGITS)),)
_REGION = TextPart("region", tuple(REGIONS), ("서울", "경기"))
_SHORT_PREFIX = TextPart("prefix", PREFIXES[2], _span(1, 69, 2))
_LONG_PREFIX = TextPart("prefix", PREFIXES[3], _span(100, 399, 3))
_SYLLABLE = TextPart("series", tuple(PRIVATE + RENTAL), tuple(PRIVATE))

FORMS = {
    form.name: form
    for form in (
        TextForm("private", (_SHORT_PREFIX, _SYLLABLE, *_NUMBER * 4)),
        TextForm("private_long", (_LONG_PREFIX, _SYLLABLE, *_NUMBER * 4)),
        TextForm("commercial", (_REGION, _SHORT_PREFIX, TextPart("series", tuple(COMMERCIAL)), *_NUMBER * 4)),
        TextForm("green_region", (_REGION, _SHORT_PREFIX, TextPart("series", tuple(PRIVATE)), *_NUMBER * 4)),
        TextForm("diplomatic", (TextPart("series", tuple(DIPLOMATIC)), *_NUMBER * 6)),
        TextForm("military", (_SHORT_PREFIX, TextPart("series", tuple(MILITARY)), *_NUMBER * 4)),
        TextForm("temporary", (TextPart("series", (TEMPORARY,)), *_NUMBER * 5)),
        TextForm("motorcycle", (TextPart("prefix", tuple(DIGITS)), _SYLLABLE, *_NUMBER * 5)),
    )
}

ALPHABET = DIGITS + "".join(
    sorted(set(PRIVATE + RENTAL + COMMERCIAL + TEMPORARY + MILITARY + "".join(REGIONS) + "".join(DIPLOMATIC)))
)
