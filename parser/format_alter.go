package parser

import "strings"

// alterCmd writes a sub-command of ALTER TABLE.
func (f *formatter) alterCmd(c *AlterCmd) {
	column := func(rest string) {
		f.WriteString("ALTER COLUMN ")
		f.name(c.Name)
		f.WriteString(rest)
	}
	switch c.Kind {
	case AddColumn:
		f.WriteString("ADD COLUMN ")
		f.flag(c.IfNotExists, "IF NOT EXISTS ")
		f.columnDef(c.Column)
	case DropColumn, DropConstraint:
		if c.Kind == DropColumn {
			f.WriteString("DROP COLUMN ")
		} else {
			f.WriteString("DROP CONSTRAINT ")
		}
		f.flag(c.IfExists, "IF EXISTS ")
		f.name(c.Name)
		f.flag(c.Cascade, " CASCADE")
	case AlterColumnType:
		column(" TYPE ")
		f.typeName(&c.Type)
		f.collate(c.Collation)
		if c.Using != nil {
			f.WriteString(" USING ")
			f.expr(c.Using)
		}
	case SetDefault:
		column(" SET DEFAULT ")
		f.expr(c.Expr)
	case DropDefault:
		column(" DROP DEFAULT")
	case SetNotNull:
		column(" SET NOT NULL")
	case DropNotNull:
		column(" DROP NOT NULL")
	case DropExpression:
		column(" DROP EXPRESSION")
		f.flag(c.IfExists, " IF EXISTS")
	case AddIdentity:
		column(" ADD ")
		f.constraint(c.Constraint)
	case SetIdentity:
		column("")
		if c.IdentityAlways != nil {
			f.WriteString(" SET ")
			f.generatedWhen(*c.IdentityAlways)
		}
		for _, o := range c.Sequence {
			f.flag(o.Kind != SeqRestart, " SET")
			f.seqOptions([]SeqOption{o}, " ")
		}
	case DropIdentity:
		column(" DROP IDENTITY")
		f.flag(c.IfExists, " IF EXISTS")
	case SetStatistics:
		f.WriteString("ALTER COLUMN ")
		if c.Name != "" {
			f.name(c.Name)
		} else {
			f.int(c.Number)
		}
		f.WriteString(" SET STATISTICS " + c.Value)
	case SetColumnOptions:
		column(" SET ")
		f.relOptions(c.Options)
	case ResetColumnOptions:
		column(" RESET ")
		f.relOptions(c.Options)
	case SetStorage:
		column(" SET STORAGE ")
		f.name(c.Value)
	case SetCompression:
		column(" SET COMPRESSION ")
		f.compression(c.Value)
	case AddConstraint:
		f.WriteString("ADD ")
		f.constraint(c.Constraint)
	case AlterConstraint:
		f.WriteString("ALTER CONSTRAINT ")
		f.name(c.Name)
		f.constraintAttributes(c.Constraint)
	case ValidateConstraint:
		f.WriteString("VALIDATE CONSTRAINT ")
		f.name(c.Name)
	case OwnerTo:
		f.WriteString("OWNER TO ")
		f.role(c.Value)
	case SetTablespace:
		f.clause("SET TABLESPACE ", c.Value)
	case SetOptions:
		f.WriteString("SET ")
		f.relOptions(c.Options)
	case ResetOptions:
		f.WriteString("RESET ")
		f.relOptions(c.Options)
	case SetLogged:
		f.WriteString("SET LOGGED")
	case SetUnlogged:
		f.WriteString("SET UNLOGGED")
	case SetAccessMethod:
		f.clause("SET ACCESS METHOD ", c.Value)
	case SetWithoutCluster:
		f.WriteString("SET WITHOUT CLUSTER")
	case SetWithoutOids:
		f.WriteString("SET WITHOUT OIDS")
	case ClusterOn:
		f.clause("CLUSTER ON ", c.Value)
	case ReplicaIdentity:
		f.WriteString("REPLICA IDENTITY ")
		if c.Value == "index" {
			f.clause("USING INDEX ", c.Name)
		} else {
			f.WriteString(strings.ToUpper(c.Value))
		}
	case Inherit:
		f.WriteString("INHERIT ")
		f.qname(c.Table)
	case NoInherit:
		f.WriteString("NO INHERIT ")
		f.qname(c.Table)
	case RowSecurity:
		f.WriteString(strings.ToUpper(c.Value) + " ROW LEVEL SECURITY")
	case EnableTrigger:
		f.WriteString(strings.ToUpper(c.Value) + " TRIGGER ")
		if c.Target != "" {
			f.WriteString(strings.ToUpper(c.Target))
		} else {
			f.name(c.Name)
		}
	case EnableRule:
		f.WriteString(strings.ToUpper(c.Value) + " RULE ")
		f.name(c.Name)
	case AttachPartition:
		f.WriteString("ATTACH PARTITION ")
		f.qname(c.Table)
		if c.Bound != nil {
			f.WriteByte(' ')
			f.partitionBound(c.Bound)
		}
	case DetachPartition:
		f.WriteString("DETACH PARTITION ")
		f.qname(c.Table)
		f.flag(c.Value != "", " "+strings.ToUpper(c.Value))
	}
}
