"""Runs a campaign on a cluster by the published protos alone: launch, pause, resume, watch, report, rows into pandas.

    pip install -r examples/python/requirements.txt
    python -m grpc_tools.protoc -I proto --python_out=OUT --grpc_python_out=OUT proto/unpair/v1/*.proto
    PYTHONPATH=OUT python examples/python/client.py --server localhost:50051 \
        --campaign mine.yaml --model full=full.onnx --samples attacked.npz --calibration training.npz --out rows.parquet

Models are ONNX files. Sample sets are .npz files with x [N,C,H,W], uint8 or float32 from 0 to 1, and y [N], the labels.
"""

import argparse
import hashlib
import pathlib
import sys
import time

import grpc
import pandas
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from unpair.v1 import campaign_pb2 as pb
from unpair.v1 import campaign_pb2_grpc, report_pb2

CHUNK = 1 << 20


def connect(options):
    """A stub that sends the token, where there is one, with every call: only over TLS."""
    if options.ca is None:
        channel = grpc.insecure_channel(options.server)
    else:
        tls = grpc.ssl_channel_credentials(pathlib.Path(options.ca).read_bytes())
        if options.token_file is not None:
            token = pathlib.Path(options.token_file).read_text().strip()
            tls = grpc.composite_channel_credentials(tls, grpc.access_token_call_credentials(token))
        channel = grpc.secure_channel(options.server, tls)
    grpc.channel_ready_future(channel).result(timeout=20)
    return campaign_pb2_grpc.CampaignServiceStub(channel)


def refusal(error):
    """The reason of a refused call, what is wrong with which field, and the seconds after which to try again, if at all."""
    status = rpc_status.from_call(error)
    reason, fields, delay = "", [], None
    for detail in status.details if status is not None else []:
        info, bad, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
        if detail.Unpack(info):
            reason = info.reason
        elif detail.Unpack(bad):
            fields = [f"{each.field}: {each.description}" for each in bad.field_violations]
        elif detail.Unpack(retry):
            delay = retry.retry_delay.ToTimedelta().total_seconds()
    return reason, fields, delay


def patiently(call, attempts=5):
    """Calls again where the server says that this helps, after as long as it says."""
    for left in reversed(range(attempts)):
        try:
            return call()
        except grpc.RpcError as error:
            delay = refusal(error)[2]
            if delay is None or left == 0:
                raise
            time.sleep(delay)


def digest_of(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def upload(stub, paths):
    """Stores the files that the cluster does not hold yet."""
    by_digest = {digest_of(path): path for path in paths}
    missing = stub.FindMissingArtefacts(pb.FindMissingArtefactsRequest(digests=by_digest)).digests
    for digest in missing:
        content = pathlib.Path(by_digest[digest]).read_bytes()
        pieces = [content[at : at + CHUNK] for at in range(0, len(content), CHUNK)]
        messages = [pb.UploadArtefactRequest(digest=digest, chunk=piece) for piece in pieces]
        patiently(lambda sent=messages: stub.UploadArtefact(iter(sent)))
    return len(missing)


def launch(stub, options):
    """Creates the campaign; the same files always answer with the same one."""
    models = dict(pair.split("=", 1) for pair in options.model)
    spec = pathlib.Path(options.campaign).read_text()
    sets = [path for path in (options.samples, options.calibration) if path is not None]
    print(f"uploaded {upload(stub, [*models.values(), *sets])} files")
    digests = {name: digest_of(path) for name, path in models.items()}
    content = [spec, *sorted(digests.items()), digest_of(options.samples)]
    request = pb.CreateCampaignRequest(
        request_id=hashlib.sha256(repr(content).encode()).hexdigest(),
        spec=spec,
        models=digests,
        samples=digest_of(options.samples),
        calibration=digest_of(options.calibration) if options.calibration else "",
        labels={"client": "python"},
    )
    return patiently(lambda: stub.CreateCampaign(request)).campaign


def watch(stub, campaign):
    """Prints each state until the last, and goes on where it was after a connection is lost."""
    token = ""
    while True:
        try:
            for update in stub.WatchCampaign(pb.WatchCampaignRequest(id=campaign.id, resume_token=token)):
                campaign, token = update.campaign, update.resume_token
                progress = campaign.progress
                print(f"{pb.CampaignState.Name(campaign.state)} {progress.done}/{progress.tasks}")
            return campaign
        except grpc.RpcError as error:
            delay = refusal(error)[2]
            if delay is None:
                raise
            time.sleep(delay)


def show(report):
    """What it comes to, and a line for each attack, from the typed report."""
    for found in [*report.verdict.exposure, *report.verdict.cures]:
        level = report_pb2.VerdictLevel.Name(found.level).removeprefix("VERDICT_LEVEL_").lower().replace("_", " ")
        print(f"{found.surrogate} against {found.target}: {level}. {found.sentences[0]}")
    for sentence in report.verdict.cautions:
        print(f"trust it less: {sentence}")
    for attack in report.attacks:
        norm = report_pb2.Norm.Name(attack.norm).removeprefix("NORM_").lower()
        median = attack.queries.median_all if attack.HasField("queries") else "-"
        success = f"{attack.success.value:.2f}" if attack.HasField("success") else "-"
        print(f"{attack.attack} {norm} {attack.epsilon:.4f} {attack.surrogate or '-'} success {success} median {median}")
    print(f"results {report.integrity.results_digest}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", default="localhost:50051")
    parser.add_argument("--ca", help="PEM file of the server's authority; without it, plain text")
    parser.add_argument("--token-file", help="file with the bearer token")
    parser.add_argument("--campaign", required=True)
    parser.add_argument("--model", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--samples", required=True)
    parser.add_argument("--calibration")
    parser.add_argument("--out", default="rows.parquet")
    options = parser.parse_args()
    stub = connect(options)

    campaign = launch(stub, options)
    print(f"campaign {campaign.id}")
    paused = stub.PauseCampaign(pb.PauseCampaignRequest(id=campaign.id)).campaign
    print(f"paused: {pb.CampaignState.Name(paused.state)}")
    scope = pb.RESUME_SCOPE_UNFINISHED
    stub.ResumeCampaign(pb.ResumeCampaignRequest(id=campaign.id, scope=scope))
    ended = watch(stub, campaign)

    form = pb.REPORT_FORM_MESSAGE
    show(stub.GetReport(pb.GetReportRequest(id=campaign.id, form=form)).message)

    export = pb.ExportResultsRequest(id=campaign.id, format=pb.EXPORT_FORMAT_PARQUET, table="attacks")
    with open(options.out, "wb") as file:
        for piece in stub.ExportResults(export):
            file.write(piece.chunk)
    rows = pandas.read_parquet(options.out)
    print(f"rows {len(rows)}")
    print(rows.groupby(["attack"])[["success", "queries"]].mean().to_string())
    return 0 if ended.state == pb.CAMPAIGN_STATE_SUCCEEDED else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except grpc.RpcError as error:
        why, what, _ = refusal(error)
        sys.exit("\n".join([f"{error.code().name} {why}: {error.details()}", *what]))
