package driver

import (
	"fmt"
	"time"

	"gnista"
	"gnista/fault"
)

// Voice is how things are said to one driver.
type Voice struct {
	Language fault.Language
	Money    func(gnista.Money) string // an amount with its currency
	Zone     *time.Location
}

// sentence is what has happened, and what is to be done.
type sentence struct{ what, todo string }

// sentences are what is said of each kind. A %s in the second is a time or another outlet.
func sentences(l fault.Language) map[Kind]sentence {
	if l == fault.Swedish {
		return map[Kind]sentence{
			SwitchedOff:   {"Uttaget har stängt av sig självt för säkerhets skull.", "Rör det inte. Använd ett annat uttag."},
			Broken:        {"Uttaget har fått ett fel som du inte kan göra något åt.", "Välj ett annat uttag. Vi har fått veta om felet."},
			Fixable:       {"Uttaget säger att något inte stämmer.", "Dra ut kontakten, vänta fem sekunder och sätt i den igen."},
			Away:          {"Vi når inte laddaren just nu.", "Välj ett annat uttag, eller ring numret på laddaren."},
			Closed:        {"Uttaget är ur drift.", "Välj ett annat uttag."},
			Taken:         {"Någon annan laddar eller betalar här.", "Vänta, eller välj ett annat uttag."},
			Reserved:      {"Uttaget är bokat av någon annan.", "Välj ett annat uttag."},
			Ready:         {"Uttaget är ledigt.", "Koppla in bilen, och visa ditt kort eller betala med telefonen."},
			Pay:           {"Vi väntar på din betalning.", "Godkänn den i telefonen före kl. %s, annars avbryts det här."},
			Declined:      {"Betalningen gick inte igenom.", "Försök med ett annat kort eller ett annat sätt att betala."},
			NotPaid:       {"Ingen betalning kom i tid, så det här avbröts.", "Skanna koden på laddaren om du vill försöka igen."},
			CalledOff:     {"Det här avbröts.", "Skanna koden på laddaren om du vill försöka igen."},
			Starting:      {"Laddaren startar.", ""},
			NoAnswer:      {"Laddaren har inte svarat än.", "Vi försöker till kl. %s. Kommer ingen laddning i gång får du allt tillbaka av sig självt."},
			SaidNo:        {"Laddaren sa nej.", "Vi frågar den igen om en stund. Du kan också välja ett annat uttag."},
			WaitsForCable: {"Vi ser inte din kabel än.", "Tryck in kontakten tills det klickar."},
			PlugAgain:     {"Laddaren och bilen kom inte i gång.", "Dra ut kontakten, vänta fem sekunder och sätt i den igen. Du betalar inte två gånger."},
			WrongOutlet:   {"Det ser ut som om du har kopplat in dig vid uttag %s.", "Flytta kontakten till det uttag som du har valt, eller avbryt och välj uttag %s."},
			NeverStarted:  {"Laddningen kom aldrig i gång.", "Försök igen, eller välj ett annat uttag."},
			Charges:       {"Bilen laddas.", ""},
			NotAllowed:    {"Kortet godtogs inte, så du kan inte ladda med det.", "Försök med ett annat kort, eller betala med telefonen. Hör av dig till den som gav ut kortet."},
			CarWaits:      {"Laddaren är redo, men bilen tar ingen el. Den kan vara full, ha en gräns eller en timer.", "Se efter i bilen. Vill du inte vänta kan du sluta ladda."},
			Shared:        {"Flera bilar delar på elen här, så du får mindre just nu.", "Du behöver inte göra något: det blir mer när andra är klara."},
			StationWaits:  {"Laddaren har pausat.", "Vänta en stund. Händer inget: sluta ladda och försök vid ett annat uttag."},
			Stopping:      {"Laddningen är slut, och kvittot görs.", "Du kan koppla ur."},
			Finished:      {"Laddningen är klar.", "Koppla ur och häng tillbaka kabeln."},
			Stuck:         {"Laddningen är slut, men kontakten sitter fast.", "Lås upp bilen, tryck in kontakten och be laddaren låsa upp. Dra inte med våld."},
			Checked:       {"Laddningen är slut. Laddarens mätning ser konstig ut, så någon ser på den först.", "Du behöver inte göra något."},
			NothingToPay:  {"Ingen el laddades.", "Försök igen, eller välj ett annat uttag."},
		}
	}
	return map[Kind]sentence{
		SwitchedOff:   {"This outlet has switched itself off to be safe.", "Do not touch it. Use another outlet."},
		Broken:        {"This outlet has a fault that you can do nothing about.", "Choose another outlet. We have been told of the fault."},
		Fixable:       {"This outlet says that something is not right.", "Pull the plug out, wait five seconds and plug in again."},
		Away:          {"We cannot reach this charger right now.", "Choose another outlet, or call the number on the charger."},
		Closed:        {"This outlet is out of service.", "Choose another outlet."},
		Taken:         {"Somebody else is charging or paying here.", "Wait, or choose another outlet."},
		Reserved:      {"Somebody else has reserved this outlet.", "Choose another outlet."},
		Ready:         {"This outlet is free.", "Plug in, and show your card or pay with your phone."},
		Pay:           {"We are waiting for your payment.", "Confirm it on your phone before %s, or this is cancelled."},
		Declined:      {"The payment did not go through.", "Try another card or another way to pay."},
		NotPaid:       {"No payment came in time, so this was cancelled.", "Scan the code on the charger if you want to try again."},
		CalledOff:     {"This was cancelled.", "Scan the code on the charger if you want to try again."},
		Starting:      {"The charger is starting.", ""},
		NoAnswer:      {"The charger has not answered yet.", "We keep trying until %s. If charging does not begin you get everything back by itself."},
		SaidNo:        {"The charger said no.", "We ask it again in a moment. You can also choose another outlet."},
		WaitsForCable: {"We do not see your cable yet.", "Push the plug in until it clicks."},
		PlugAgain:     {"The charger and the car did not get going.", "Pull the plug out, wait five seconds and plug in again. You do not pay twice."},
		WrongOutlet:   {"You seem to have plugged in at outlet %s.", "Move the plug to the outlet that you chose, or cancel and choose outlet %s."},
		NeverStarted:  {"Charging never began.", "Try again, or choose another outlet."},
		Charges:       {"Your car is charging.", ""},
		NotAllowed:    {"The card was not accepted, so you cannot charge with it.", "Try another card, or pay with your phone. Ask whoever gave you the card."},
		CarWaits:      {"The charger is ready, but your car takes no power. It may be full, or have a limit or a timer.", "Look in the car. If you do not want to wait you can stop."},
		Shared:        {"Several cars share the power here, so you get less right now.", "There is nothing to do: you get more when others are done."},
		StationWaits:  {"The charger has paused.", "Wait a little. If nothing happens, stop and try another outlet."},
		Stopping:      {"Charging has ended, and the receipt is being made.", "You can unplug."},
		Finished:      {"Charging is done.", "Unplug, and hang the cable back."},
		Stuck:         {"Charging has ended, but the plug is stuck.", "Unlock your car, push the plug in and ask the charger to unlock. Do not use force."},
		Checked:       {"Charging has ended. What the charger measured looks odd, so somebody looks at it first.", "There is nothing to do."},
		NothingToPay:  {"No energy was charged.", "Try again, or choose another outlet."},
	}
}

// words are what has happened and what is to be done.
func (s *Situation) words(m Message, v Voice) (what, todo string) {
	x := sentences(v.Language)[m.Kind]
	what, todo = x.what, x.todo
	switch m.Kind {
	case SwitchedOff, Broken, Fixable:
		if s.Fault != nil {
			if text := s.Entry.Say(v.Language, s.Fault.Facts, v.Zone).Driver; text != "" { // of the fault, with what to do
				return text, s.Hint[v.Language]
			}
		}
	case Shared:
		if s.Power != nil && s.Power.Words[v.Language] != "" {
			what = s.Power.Words[v.Language]
		}
	case Away:
		if t := s.Charge; t != nil {
			what, todo = away(v.Language)
		}
	case NoAnswer, Pay:
		todo = fmt.Sprintf(todo, m.Until.In(v.Zone).Format("15:04"))
	case WrongOutlet:
		at := fmt.Sprint(m.Outlet)
		what, todo = fmt.Sprintf(what, at), fmt.Sprintf(todo, at)
	}
	return what, todo
}

// away is what is said while a car charges at a station that is away.
func away(l fault.Language) (what, todo string) {
	if l == fault.Swedish {
		return "Vi har ingen kontakt med laddaren just nu. Laddningen går oftast vidare, och allt räknas när den är tillbaka.", "Vill du sluta: gör det i bilen eller med kortet vid laddaren."
	}
	return "We have no contact with the charger right now. Charging mostly goes on, and all is counted when it is back.", "If you want to stop, do it in the car or with your card at the charger."
}

// moved says whether money has moved.
func (s *Situation) moved(m Money, v Voice) string {
	amount := gnista.Money{}
	if s.Checkout != nil {
		amount = s.Checkout.Amount
	}
	if m == Paid || m == Account {
		amount = s.Cost
	}
	say := func(sv, en string) string {
		if v.Language == fault.Swedish {
			return sv
		}
		return en
	}
	with := func(sv, en string) string { return fmt.Sprintf(say(sv, en), v.Money(amount)) }
	switch m {
	case SetAside:
		return with("%s är reserverat. Du betalar bara för det du laddar.", "%s is set aside. You pay only for what you charge.")
	case Prepaid:
		return with("Du har betalat %s. Det du inte använder får du tillbaka.", "You have paid %s. What you do not use is refunded.")
	case Back:
		if s.Checkout.Pay != nil && s.Checkout.Pay.Captured == 0 {
			return with("Inga pengar har dragits: %s som var reserverat släpps.", "No money was taken: the %s that was set aside is released.")
		}
		return with("Du får tillbaka %s.", "You get %s back.")
	case Paid:
		return with("Du har betalat %s.", "You have paid %s.")
	case Account:
		if amount.Amount == 0 {
			return say("Det går på ditt konto.", "It goes to your account.")
		}
		return with("%s går på ditt konto.", "%s goes to your account.")
	case Free:
		return say("Det är gratis att ladda här.", "Charging is free here.")
	case Open:
		return say("Inget mer dras innan någon har sett på det.", "Nothing more is taken before somebody has looked at it.")
	}
	return say("Inga pengar har dragits.", "No money was taken.")
}
