"""What is said of every claim: the table of all comparisons, and a page with the verdicts."""

from lib.jobs.arguments import KeyedFiles, Output
from lib.jobs.command_line import run
from lib.papers.claims import claims_table
from lib.papers.evidence import Evidence
from lib.papers.register import PAPERS, claims_of, title_of
from lib.reporting.claims import page_of


def judge_claims(table: Output, page: Output, *, evidence: KeyedFiles) -> None:
    """evidence: by paper, the folder with what its claims are judged by."""
    found = {paper: Evidence.read(folder) for paper, folder in evidence.items()}
    judged = claims_table({paper: claims_of(paper) for paper in PAPERS if paper in found}, found)
    judged.to_csv(table, index=False)
    page.write_text(page_of(judged, {paper: title_of(paper) for paper in found}))
    primary = judged[judged["primary"]]
    print("\n".join(f"{row.claim}  {row.verdict}" for row in primary.itertuples()))


if __name__ == "__main__":
    run(judge_claims)
