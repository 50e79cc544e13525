package e2e

import (
	"errors"
	"testing"
	"time"

	gormpg "gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"

	"github.com/minisql/minisql/internal/engines"
	"github.com/minisql/minisql/pgwire"
)

type gormCompany struct {
	ID   uint
	Name string `gorm:"size:100;uniqueIndex"`
}

type gormProfile struct {
	ID     uint
	UserID uint `gorm:"uniqueIndex"`
	Bio    string
}

type gormTag struct {
	ID   uint
	Name string `gorm:"unique;not null"`
}

type gormOrder struct {
	gorm.Model
	UserID uint
	Amount float64 `gorm:"type:numeric(10,2);check:amount >= 0"`
	Placed time.Time
}

type gormUser struct {
	gorm.Model
	Name      string `gorm:"index:idx_name_age,priority:1"`
	Age       int    `gorm:"index:idx_name_age,priority:2;default:18"`
	Email     *string
	CompanyID *uint
	Company   *gormCompany `gorm:"constraint:OnUpdate:CASCADE,OnDelete:SET NULL"`
	Profile   *gormProfile `gorm:"foreignKey:UserID;constraint:OnDelete:CASCADE"`
	Orders    []gormOrder  `gorm:"foreignKey:UserID"`
	Tags      []gormTag    `gorm:"many2many:gorm_user_tags"`
}

// TestGORM runs an ORM's life over the wire: migrations, twice, with associations of
// every kind, queries, upserts, soft deletes and transactions.
func TestGORM(t *testing.T) { engines.Each(t, testGORM) }

func testGORM(t *testing.T, on engines.Engine) {
	db, err := gorm.Open(gormpg.Open(serveInProcess(t, on, pgwire.Options{})), &gorm.Config{Logger: logger.Default.LogMode(logger.Silent), TranslateError: true})
	if err != nil {
		t.Fatal(err)
	}
	pool, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	models := []any{&gormCompany{}, &gormUser{}, &gormProfile{}, &gormOrder{}, &gormTag{}}
	for range 2 { // the second finds everything in place
		if err := db.AutoMigrate(models...); err != nil {
			t.Fatal(err)
		}
	}
	if m := db.Migrator(); !m.HasTable("gorm_user_tags") || !m.HasIndex(&gormUser{}, "idx_name_age") || !m.HasColumn(&gormUser{}, "age") || !m.HasConstraint(&gormUser{}, "Company") {
		t.Error("the migrator does not find what it has made")
	}
	mail := "ada@example.org"
	ada := gormUser{
		Name: "ada", Email: &mail, Company: &gormCompany{Name: "Analytical Engines"}, Profile: &gormProfile{Bio: "first"},
		Orders: []gormOrder{{Amount: 10.5, Placed: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, {Amount: 20}},
		Tags:   []gormTag{{Name: "math"}, {Name: "poetry"}},
	}
	if err := db.Create(&ada).Error; err != nil {
		t.Fatal(err)
	}
	if err := db.Create(&[]gormUser{{Name: "bob", Age: 40, CompanyID: ada.CompanyID}, {Name: "eve", Age: 30}}).Error; err != nil {
		t.Fatal(err)
	}
	var got gormUser
	if err := db.Preload("Company").Preload("Profile").Preload("Orders", func(tx *gorm.DB) *gorm.DB { return tx.Order("amount desc") }).Preload("Tags").First(&got, "name = ?", "ada").Error; err != nil {
		t.Fatal(err)
	}
	if got.Age != 18 || got.Company == nil || got.Profile == nil || len(got.Orders) != 2 || got.Orders[0].Amount != 20 || len(got.Tags) != 2 || *got.Email != mail {
		t.Errorf("loaded %+v", got)
	}
	var names []string
	if err := db.Model(&gormUser{}).Joins("Company").Where("age >= ?", 18).Where(`"Company"."name" LIKE ?`, "Anal%").Order("gorm_users.name").Pluck("gorm_users.name", &names).Error; err != nil || len(names) != 2 {
		t.Errorf("joined: %v, %v", names, err)
	}
	type sum struct {
		Name  string
		Total float64
	}
	var sums []sum
	if err := db.Model(&gormOrder{}).Select("u.name, sum(amount) as total").Joins("join gorm_users u on u.id = gorm_orders.user_id").Group("u.name").Having("sum(amount) > ?", 5).Scan(&sums).Error; err != nil || len(sums) != 1 || sums[0].Total != 30.5 {
		t.Errorf("sums: %v, %v", sums, err)
	}
	upsert := gormTag{Name: "math"}
	if err := db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "name"}}, DoUpdates: clause.AssignmentColumns([]string{"name"})}).Create(&upsert).Error; err != nil || upsert.ID == 0 {
		t.Errorf("upsert: %+v, %v", upsert, err)
	}
	if err := db.Create(&gormTag{Name: "math"}).Error; !errors.Is(err, gorm.ErrDuplicatedKey) {
		t.Errorf("a duplicate: %v", err)
	}
	err = db.Transaction(func(tx *gorm.DB) error {
		if err := tx.Model(&got).Updates(map[string]any{"age": gorm.Expr("age + ?", 1), "email": nil}).Error; err != nil {
			return err
		}
		if err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).First(&got, got.ID).Error; err != nil {
			return err
		}
		return tx.Transaction(func(tx *gorm.DB) error { return tx.Model(&got).Association("Tags").Delete(&got.Tags[0]) })
	})
	if err != nil || got.Age != 19 {
		t.Errorf("transaction: %d, %v", got.Age, err)
	}
	if n := db.Model(&got).Association("Tags").Count(); n != 1 {
		t.Errorf("%d tags are left", n)
	}
	if err := db.Delete(&got).Error; err != nil {
		t.Fatal(err)
	}
	var live, all int64
	db.Model(&gormUser{}).Count(&live)
	db.Unscoped().Model(&gormUser{}).Count(&all)
	if live != 2 || all != 3 {
		t.Errorf("%d of %d users are left", live, all)
	}
	if err := db.Unscoped().Delete(&gormCompany{}, *ada.CompanyID).Error; err != nil {
		t.Fatal(err)
	}
	var bob gormUser
	if err := db.First(&bob, "name = ?", "bob").Error; err != nil || bob.CompanyID != nil {
		t.Errorf("ON DELETE SET NULL: %+v, %v", bob.CompanyID, err)
	}
	if err := db.Migrator().DropTable("gorm_user_tags", &gormOrder{}, &gormProfile{}, &gormUser{}, &gormTag{}, &gormCompany{}); err != nil {
		t.Error(err)
	}
}
