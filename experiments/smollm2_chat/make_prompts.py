"""Write prompts.jsonl: 405 short requests with an answer each, from 45 things and 9 ways to ask.

python experiments/smollm2_chat/make_prompts.py
"""

import json
from pathlib import Path

# thing | what it is | what it is for | where it is
THINGS = """\
bicycle | a vehicle with two wheels that is moved by pedals | riding to work | in the street
kettle | a pot with a spout in which water is boiled | making tea | in the kitchen
umbrella | a cloth on thin ribs that is held against rain | staying dry | by the door
lighthouse | a tower whose lamp shows ships the way | warning ships of rocks | on the coast
compass | a needle that turns towards north | finding the way | in a hiker's pocket
violin | a wooden instrument with four strings and a bow | playing melodies | in an orchestra
candle | a stick of wax with a wick in it | giving light | on the table
bridge | a road that is built across a river or a valley | crossing a river | over the water
telescope | a tube with lenses that brings far things near | watching the stars | on a hill
greenhouse | a house of glass in which plants stay warm | growing tomatoes early | in the garden
hammer | a heavy head on a handle | driving nails | in the toolbox
library | a place that lends books to readers | borrowing books | in the centre of a town
elevator | a cabin that carries people up and down | reaching upper floors | in a tall house
thermometer | a tube or a sensor that shows how warm it is | measuring a fever | in the medicine chest
anchor | a heavy hook on a chain | holding a ship in place | at the bow of a ship
windmill | a tower with sails that turn in the wind | grinding corn | on open land
refrigerator | a box that is kept cold inside | keeping milk fresh | in the kitchen
pencil | a stick of graphite in wood | writing and drawing | on a desk
backpack | a bag with two straps for the shoulders | carrying books | on a pupil's back
clock | a machine that shows the time | being on time | on the wall
map | a drawing of a region from above | planning a journey | in the glove box
oven | a hot chamber that is closed by a door | baking bread | in the kitchen
scarf | a long piece of warm cloth | keeping the neck warm | on a hook in the hall
microscope | an instrument that makes tiny things large | looking at cells | in a laboratory
ferry | a boat that carries cars and people | crossing a strait | in a harbour
beehive | a box in which bees live | collecting honey | at the edge of a field
ladder | two poles with rungs between them | picking apples | in the shed
mirror | a plate of glass that throws back what stands before it | combing one's hair | in the bathroom
piano | a large instrument whose keys move hammers on strings | accompanying a choir | in a concert hall
rain barrel | a barrel that catches water from the roof | watering flowers | beside the house
sewing machine | a machine that joins cloth with thread | mending trousers | in a tailor's shop
snow shovel | a wide blade on a long handle | clearing a path | in the garage
solar panel | a plate that turns sunlight into electricity | heating water | on a roof
stethoscope | a tube through which a doctor listens | hearing a heart | around a doctor's neck
tent | a shelter of cloth on poles | sleeping outdoors | on a camp site
traffic light | a lamp that changes from red to green | ordering the traffic | at a crossing
train | a row of carriages on rails | travelling far | in a station
wheelbarrow | a tub with one wheel and two handles | moving earth | on a building site
whistle | a small tube that makes a sharp sound | stopping a match | in a referee's hand
zipper | two rows of teeth that close a cloth | closing a jacket | on a coat
camera | a box that keeps pictures of what is before it | remembering a holiday | in a bag
dam | a wall that holds a river back | making electricity | in a valley
helmet | a hard shell for the head | protecting a rider | on a cyclist's head
recipe | a list of ingredients and steps | cooking a new dish | in a cookbook
calendar | a list of the days of a year | remembering birthdays | on the kitchen wall"""

ASKED = {
    "What is {a}?": "{A} is {what}.",
    "What is {a} good for?": "{A} is good for {use}.",
    "Where would I look for {a}?": "Look for it {place}.",
    "Explain to a child what {a} is.": "{A} is {what}. You find it {place}.",
    "Describe {a} in one sentence.": "{A} is {what}, and it helps with {use}.",
    "Tell me something about {a}.": "You find {a} {place}. It helps with {use}.",
    "Give me one reason to have {a}.": "It helps with {use}.",
    "I have never seen {a}. Can you help?": "Of course. {A} is {what}.",
    "Write a short note for a museum that shows {a}.": "{A}: {what}. It served for {use}.",
}


def rows() -> list[dict[str, str]]:
    """A row for each thing and way to ask, with `question` and `answer`."""
    made = []
    for line in THINGS.splitlines():
        thing, what, use, place = line.split(" | ")
        a = f"{'an' if thing[0] in 'aeiou' else 'a'} {thing}"
        words = {"a": a, "A": a.capitalize(), "what": what, "use": use, "place": place}
        made += [
            {"question": question.format(**words), "answer": answer.format(**words)}
            for question, answer in ASKED.items()
        ]
    return made


if __name__ == "__main__":
    file = Path(__file__).with_name("prompts.jsonl")
    file.write_text("".join(json.dumps(row) + "\n" for row in rows()))
