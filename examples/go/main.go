// Follows a campaign and prints its attacks, by the published protos alone: see README.md beside this file.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	unpairv1 "unpair.dev/api/unpair/v1"
)

func main() {
	if len(os.Args) < 3 {
		log.Fatal("usage: go run . HOST:PORT CAMPAIGN [CA.pem]")
	}
	if err := run(context.Background(), os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		log.Fatal(explained(err))
	}
}

func run(ctx context.Context, server, id string, ca []string) error {
	transport := insecure.NewCredentials()
	if len(ca) > 0 {
		tls, err := credentials.NewClientTLSFromFile(ca[0], "")
		if err != nil {
			return err
		}
		transport = tls
	}
	connection, err := grpc.NewClient(server, grpc.WithTransportCredentials(transport))
	if err != nil {
		return err
	}
	defer connection.Close()
	client := unpairv1.NewCampaignServiceClient(connection)

	updates, err := client.WatchCampaign(ctx, &unpairv1.WatchCampaignRequest{Id: id})
	if err != nil {
		return err
	}
	for {
		update, err := updates.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		progress := update.GetCampaign().GetProgress()
		fmt.Println(update.GetCampaign().GetState(), progress.GetDone(), "of", progress.GetTasks(), progress.GetStage())
	}
	form := unpairv1.ReportForm_REPORT_FORM_MESSAGE
	report, err := client.GetReport(ctx, &unpairv1.GetReportRequest{Id: id, Form: &form})
	if err != nil {
		return err
	}
	for _, attack := range report.GetMessage().GetAttacks() {
		fmt.Println(attack.GetAttack(), attack.GetNorm(), attack.GetEpsilon(), attack.GetSuccess().GetValue())
	}
	return nil
}

// explained adds the reason that programs may act on.
func explained(err error) string {
	refused := status.Convert(err)
	for _, detail := range refused.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return fmt.Sprintf("%s %s: %s", refused.Code(), info.GetReason(), refused.Message())
		}
	}
	return err.Error()
}
