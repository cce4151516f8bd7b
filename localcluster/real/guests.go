package real

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/vpsie/vpsie-autoscaler/localcluster"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// Guests boots the fake cloud's machines as guests of qemu. Each has a network of its own (qemu's user mode, no root
// needed) in which it has the very address that the cloud reports, and finds this host by the name Host.
type Guests struct {
	image       string // directory of disk.img, vmlinuz and initrd.img
	accelerator string
	sockets     string // directory of Unix sockets, whose paths have little room
	dir         string // of the guests' own files
	images      map[string]Image

	mu     sync.Mutex
	guests map[string]*guest // by hostname
}

// Host is the name by which guests know this host.
const Host = "host.localcluster.test"

const (
	network    = "198.18.0.0/24" // of each guest; the fake cloud's addresses begin here
	hostInside = "198.18.0.1"    // this host's loopback, seen from a guest
	kubelet    = 10250           // port
)

// Image is what one operating system image brings beyond disk.img, and how it misbehaves.
type Image struct {
	// Setup is shell that runs before the user data at the first boot, as root.
	Setup string
}

type guest struct {
	machine vpsietest.Machine
	process *localcluster.Process // nil while it is switched off
	kubelet int                   // port of this host that leads to the guest's kubelet
}

// NewGuests prepares guests whose disks begin as a copy of image/disk.img. images by the NodeGroup's name say what else
// the operating system image of its machines brings.
func NewGuests(ctx context.Context, image, dir string, images map[string]Image) (*Guests, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the guests' directory: %w", err)
	}
	return &Guests{image: image, accelerator: accelerator(ctx, image), dir: dir, images: images, guests: map[string]*guest{}}, nil
}

// Boot switches the machine on. At its first boot it gets a disk and a seed with the user data; later ones find both.
func (g *Guests) Boot(ctx context.Context, m vpsietest.Machine) error {
	address, err := netip.ParseAddr(m.IPv4)
	if err != nil || !netip.MustParsePrefix(network).Contains(address) {
		return fmt.Errorf("booting %s: its address %q is not in %s", m.Hostname, m.IPv4, network)
	}
	g.mu.Lock()
	known := g.guests[m.Hostname]
	g.mu.Unlock()
	if known == nil {
		ports, err := localcluster.FreePorts(ctx, 1)
		if err != nil {
			return err
		}
		known = &guest{machine: m, kubelet: ports[0]}
		if err := g.provision(ctx, m); err != nil {
			return fmt.Errorf("booting %s: %w", m.Hostname, err)
		}
	}
	process, err := localcluster.StartProcess("qemu", g.Console(m.Hostname), nil, "qemu-system-x86_64", g.arguments(known)...)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	known.process = process
	g.guests[m.Hostname] = known
	return nil
}

// Ready does nothing: a guest's kubelet says itself when it is ready.
func (g *Guests) Ready(context.Context, vpsietest.Machine) error { return nil }

// Gone switches the machine off, as pulling its plug would.
func (g *Guests) Gone(_ context.Context, m vpsietest.Machine) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if known := g.guests[m.Hostname]; known != nil && known.process != nil {
		known.process.Kill()
		known.process = nil
	}
	return nil
}

// Stop switches all guests off.
func (g *Guests) Stop() {
	for _, m := range g.machines() {
		_ = g.Gone(context.Background(), m)
	}
}

func (g *Guests) machines() []vpsietest.Machine {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []vpsietest.Machine
	for _, known := range g.guests {
		all = append(all, known.machine)
	}
	return all
}

// Running says whether the machine is switched on.
func (g *Guests) Running(hostname string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	known := g.guests[hostname]
	return known != nil && known.process != nil && known.process.Err() == nil
}

// Reset restarts the machine without asking its operating system.
func (g *Guests) Reset(ctx context.Context, hostname string) error {
	return reset(ctx, g.monitor(hostname))
}

// Console is the file with all that the machine has written to its serial console.
func (g *Guests) Console(hostname string) string { return filepath.Join(g.dir, hostname+".log") }

func (g *Guests) disk(hostname string) string    { return filepath.Join(g.dir, hostname+".qcow2") }
func (g *Guests) seed(hostname string) string    { return filepath.Join(g.dir, hostname+".iso") }
func (g *Guests) monitor(hostname string) string { return filepath.Join(g.sockets, hostname+".qmp") }

// provision makes the machine's disk and seed.
func (g *Guests) provision(ctx context.Context, m vpsietest.Machine) error {
	if err := run(ctx, "qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", filepath.Join(g.image, "disk.img"), g.disk(m.Hostname)); err != nil {
		return err
	}
	return writeSeed(ctx, g.seed(m.Hostname), m, g.imageOf(m).Setup)
}

func (g *Guests) imageOf(m vpsietest.Machine) Image {
	for group, image := range g.images {
		if strings.HasPrefix(m.Hostname, "vpsie-"+group+"-") {
			return image
		}
	}
	return Image{}
}

func (g *Guests) arguments(known *guest) []string {
	name := known.machine.Hostname
	return []string{
		"-name", name,
		"-machine", "q35,accel=" + g.accelerator, "-cpu", "max",
		"-smp", fmt.Sprint(known.machine.CPU), "-m", fmt.Sprint(known.machine.GuestMemoryMB),
		"-display", "none", "-monitor", "none", "-serial", "stdio",
		"-qmp", "unix:" + g.monitor(name) + ",server=on,wait=off",
		"-kernel", filepath.Join(g.image, "vmlinuz"), "-initrd", filepath.Join(g.image, "initrd.img"),
		"-append", "root=/dev/vda rw console=ttyS0 net.ifnames=0 quiet",
		"-drive", "if=virtio,format=qcow2,cache=unsafe,file=" + g.disk(name),
		"-drive", "if=virtio,format=raw,readonly=on,file=" + g.seed(name),
		"-netdev", fmt.Sprintf("user,id=net,net=%s,host=%s,ipv6=off,hostfwd=tcp:127.0.0.1:%d-%s:%d",
			network, hostInside, known.kubelet, known.machine.IPv4, kubelet),
		"-device", "virtio-net-pci,netdev=net",
		"-device", "virtio-rng-pci",
	}
}

// kubeletOf is the address on this host that leads to the kubelet at an address of the guests' network.
func (g *Guests) kubeletOf(address string) (string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, known := range g.guests {
		if address == fmt.Sprintf("%s:%d", known.machine.IPv4, kubelet) {
			return fmt.Sprintf("127.0.0.1:%d", known.kubelet), nil
		}
	}
	return "", errors.New("no guest has the address " + address)
}

// run runs a tool and quotes what it said when it fails.
func run(ctx context.Context, name string, args ...string) error {
	if output, err := exec.CommandContext(ctx, name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("running %s: %w: %s", name, err, strings.TrimSpace(string(output)))
	}
	return nil
}
