"""Language models, as a modality (`lib.graph.modality`)."""

from lib.graph.checks import shared_problems as problems
from lib.graph.job_settings import evaluation_settings, policy_settings
from lib.graph.resources import JobResources as Resources

__all__ = ["Resources", "evaluation_settings", "policy_settings", "problems"]
