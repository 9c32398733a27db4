"""Pictures of training: what happens inside a network while it learns, from real trainings."""

from dlsuite.explanations.explanation import Explanation as Explanation
from dlsuite.explanations.topics import TOPICS as TOPICS
from dlsuite.explanations.topics import explain as explain
