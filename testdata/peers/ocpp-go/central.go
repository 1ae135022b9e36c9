package main

import (
	"fmt"
	"net"
	"time"

	ocpp2 "github.com/lorenzodonini/ocpp-go/ocpp2.0.1"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/authorization"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/availability"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/provisioning"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/transactions"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/types"
)

// central is a central system of OCPP 2.0.1 that says yes to everything and keeps nothing: what the library alone takes.
type central struct{}

func (central) OnBootNotification(string, *provisioning.BootNotificationRequest) (*provisioning.BootNotificationResponse, error) {
	return provisioning.NewBootNotificationResponse(types.NewDateTime(time.Now()), 3600, provisioning.RegistrationStatusAccepted), nil
}

func (central) OnNotifyReport(string, *provisioning.NotifyReportRequest) (*provisioning.NotifyReportResponse, error) {
	return provisioning.NewNotifyReportResponse(), nil
}

func (central) OnHeartbeat(string, *availability.HeartbeatRequest) (*availability.HeartbeatResponse, error) {
	return availability.NewHeartbeatResponse(*types.NewDateTime(time.Now())), nil
}

func (central) OnStatusNotification(string, *availability.StatusNotificationRequest) (*availability.StatusNotificationResponse, error) {
	return availability.NewStatusNotificationResponse(), nil
}

func (central) OnAuthorize(string, *authorization.AuthorizeRequest) (*authorization.AuthorizeResponse, error) {
	return authorization.NewAuthorizationResponse(*types.NewIdTokenInfo(types.AuthorizationStatusAccepted)), nil
}

func (central) OnTransactionEvent(string, *transactions.TransactionEventRequest) (*transactions.TransactionEventResponse, error) {
	return transactions.NewTransactionEventResponse(), nil
}

// serveStations says where it listens, and does so until it is ended.
func serveStations() error {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	port := free.Addr().(*net.TCPAddr).Port
	if err := free.Close(); err != nil {
		return err
	}
	c := ocpp2.NewCSMS(nil, nil)
	c.SetProvisioningHandler(central{})
	c.SetAvailabilityHandler(central{})
	c.SetAuthorizationHandler(central{})
	c.SetTransactionsHandler(central{})
	fmt.Printf("ws://127.0.0.1:%d/ocpp\n", port)
	c.Start(port, "/ocpp/{ws}")
	return fmt.Errorf("port %d is not listened on", port)
}
