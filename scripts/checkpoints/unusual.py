"""Wordings that training never used, for a look at how far understanding reaches."""

UNUSUAL: dict[str, tuple[str, ...]] = {
    "color": (
        "I'd love to learn which color that {kind} has",
        "The {kind} over there, what color would you say it is?",
        "hey so like what color is this {kind} lol",
        "What color did somebody give to the {kind}?",
        "{kind} - which colour???",
    ),
    "shape": (
        "which one of these is {color}?",
        "The thing painted {color} is what sort of shape?",
        "I see something {color}. What shape would that be?",
        "Could you name the shape that has been filled with {color}?",
    ),
    "count": (
        "Would you count how many {kinds} appear?",
        "What number of {kinds} did they draw?",
        "I need the {kinds} counted, how many?",
        "How many of these shapes would you call {kinds}?",
    ),
    "total": (
        "If you count every shape, how many do you get?",
        "How many separate shapes did they draw?",
        "Altogether, how many shapes would you say there are?",
    ),
    "exists": (
        "Did they draw {a} {color} {kind}?",
        "I am looking for {a} {color} {kind}, is there one?",
        "Would I find {a} {color} {kind} in there?",
        "Could there be {a} {color} {kind} somewhere in the picture?",
    ),
    "left_of": (
        "Would you say that the {one} is to the left of the {other}?",
        "Looking at both, is the {one} left of the {other}?",
        "Is the {one} positioned somewhere left of the {other}?",
    ),
    "describe": (
        "Go ahead and describe everything in this picture.",
        "Imagine I cannot see it. What is in the image?",
        "Give a full list of what the picture shows",
        "What would you write as a caption for this picture?",
    ),
}
