"""From files to a Space that serves: a plan, one commit, and the wait until it answers.

Knows the Hub as a client and nothing of projects or previews: it is given files by path.
"""

from core.deploy.apply import Deployment, apply_deploy
from core.deploy.files import FileChange
from core.deploy.hardware import price
from core.deploy.plan import DeployPlan, plan_deploy

__all__ = ["DeployPlan", "Deployment", "FileChange", "apply_deploy", "plan_deploy", "price"]
