package parser

import "github.com/minisql/minisql/sqlerr"

func invalidParameter(pos int, msg string) error {
	return sqlerr.New(sqlerr.InvalidParameterValue, "%s", msg).At(pos)
}

func bailoutReserved(pos int) bailout {
	return bailout{sqlerr.New(sqlerr.ReservedName, "role name \"none\" is reserved").At(pos)}
}
