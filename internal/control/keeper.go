package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

// keeper has what machines cost and the last decisions outlive restarts: the leader keeps
// them in two ConfigMaps, written rarely and when it ends.
type keeper struct {
	Client  client.Client
	Live    client.Reader
	Journal *observe.Journal
	Spend   *observe.Spend
	// namespace is that of the ConfigMaps.
	namespace string
	// restored: what was stored has been taken over, so that it may be written over.
	spendRestored, journalRestored bool
	// stored are the versions that were written last.
	spendStored   time.Time
	journalStored uint64
}

const (
	// keepJournal and keepSpend are how often the ConfigMaps are written at most. What a
	// machine costs after the last write is not lost with the controller: the time is
	// counted once it runs again, of the machines that are still there.
	keepJournal, keepSpend = time.Minute, 5 * time.Minute
	// lastWrite bounds the writes when the controller ends.
	lastWrite = 5 * time.Second
)

func newKeeper(d *Deps) *keeper {
	return &keeper{Client: d.Client, Live: d.Live, Journal: d.Journal, Spend: d.Spend, namespace: d.Options.Namespace}
}

func setupKeeper(mgr ctrl.Manager, d *Deps) error {
	if d.Spend == nil || d.Journal == nil {
		return nil
	}
	if err := mgr.Add(newKeeper(d)); err != nil {
		return fmt.Errorf("setting up what is kept over restarts: %w", err)
	}
	return nil
}

// NeedLeaderElection makes the leader alone keep anything.
func (k *keeper) NeedLeaderElection() bool { return true }

// Start keeps until the context ends.
func (k *keeper) Start(ctx context.Context) error {
	log := logf.FromContext(ctx).WithName("keeper")
	report := func(err error) {
		if err != nil {
			log.Error(err, "keeping what outlives restarts")
		}
	}
	report(k.keep(ctx))
	ticks := time.NewTicker(keepJournal)
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
			report(k.keep(ctx))
		case <-ctx.Done():
			last, stop := context.WithTimeout(context.WithoutCancel(ctx), lastWrite)
			defer stop()
			k.spendStored, k.journalStored = time.Time{}, 0
			report(k.keep(last))
			return nil
		}
	}
}

// keep takes over what was stored, and stores what has changed.
func (k *keeper) keep(ctx context.Context) error {
	return errors.Join(k.keepSpend(ctx), k.keepRounds(ctx))
}

func (k *keeper) keepSpend(ctx context.Context) error {
	now := k.Spend.Spent()
	if k.spendRestored && (now.Until.IsZero() || now.Until.Sub(k.spendStored) < keepSpend) {
		return nil
	}
	cm, err := k.stored(ctx, observe.SpendConfigMap)
	if err != nil {
		return err
	}
	if !k.spendRestored {
		var spent *observe.Spent
		if text := cm.Data[observe.SpendKey]; text != "" {
			if spent, err = observe.DecodeSpent(text); err != nil {
				return fmt.Errorf("%w: delete the ConfigMap to begin anew", err)
			}
		}
		k.Spend.Restore(spent)
		k.spendRestored = true
		return nil
	}
	text, err := json.Marshal(now)
	if err != nil {
		return err
	}
	cm.Data = map[string]string{observe.SpendKey: string(text)}
	if err := k.store(ctx, cm); err != nil {
		return err
	}
	k.spendStored = now.Until
	return nil
}

func (k *keeper) keepRounds(ctx context.Context) error {
	version := k.Journal.Version()
	if k.journalRestored && version == k.journalStored {
		return nil
	}
	cm, err := k.stored(ctx, observe.JournalConfigMap)
	if err != nil {
		return err
	}
	if !k.journalRestored {
		// A journal that cannot be read is written over: it only tells.
		if packed := cm.BinaryData[observe.JournalKey]; len(packed) > 0 {
			var rounds []*observe.Round
			if rounds, err = observe.DecodeRounds(packed); err == nil {
				k.Journal.Restore(rounds)
			}
		}
		k.journalRestored = true
		return err
	}
	packed, err := k.Journal.Encode()
	if err != nil {
		return err
	}
	cm.BinaryData = map[string][]byte{observe.JournalKey: packed}
	if err := k.store(ctx, cm); err != nil {
		return err
	}
	k.journalStored = version
	return nil
}

// stored reads a ConfigMap; one that is not there is new.
func (k *keeper) stored(ctx context.Context, name string) (*corev1.ConfigMap, error) {
	cm := &corev1.ConfigMap{}
	err := k.Live.Get(ctx, client.ObjectKey{Namespace: k.namespace, Name: name}, cm)
	if apierrors.IsNotFound(err) {
		return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
			Namespace: k.namespace, Name: name, Labels: map[string]string{"app.kubernetes.io/name": "vpsie-autoscaler"},
		}}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading ConfigMap %s: %w", name, err)
	}
	return cm, nil
}

// store writes it; somebody else's write in between is found at the next time.
func (k *keeper) store(ctx context.Context, cm *corev1.ConfigMap) error {
	write := func() error { return k.Client.Update(ctx, cm) }
	if cm.ResourceVersion == "" {
		write = func() error { return k.Client.Create(ctx, cm) }
	}
	if err := write(); err != nil {
		return fmt.Errorf("writing ConfigMap %s: %w", cm.Name, err)
	}
	return nil
}
