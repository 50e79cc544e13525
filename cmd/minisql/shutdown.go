package main

import (
	"context"
	"log"
	"os"

	"github.com/minisql/minisql/pgwire"
)

// shutdown lets running statements finish until another signal comes.
func shutdown(srv *pgwire.Server, signals <-chan os.Signal, logger *log.Logger) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stopped := make(chan struct{})
	defer close(stopped)
	go func() {
		select {
		case sig := <-signals:
			logger.Printf("received %v again, stopping at once", sig)
			cancel()
		case <-stopped:
		}
	}()
	if err := srv.Shutdown(ctx); err == nil {
		logger.Print("shut down")
		return nil
	}
	return srv.Close()
}
