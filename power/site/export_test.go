package site

import "context"

// Step divides the power of a site once.
func (c *Control) Step(ctx context.Context, site string) error {
	l, err := c.of(site)
	if err != nil {
		return err
	}
	return l.step(ctx)
}

// Load has a site controlled by the tree that is stored, without a clock.
func (c *Control) Load(ctx context.Context, site string) error { return c.load(ctx, site) }
